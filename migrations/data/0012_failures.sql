-- What failed in a trace: JSON array, sorted and distinct, of [error type, hash of the message, step, tool, model], of
-- each '' where it was not told (domain/trace-failure.ts). Of events from before this it is empty.
ALTER TABLE trace ADD COLUMN failures TEXT NOT NULL DEFAULT '[]';
