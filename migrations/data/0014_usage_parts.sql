-- What else a price depends on, of the few calls that have it, as JSON by the names of the event's fields: caches of an
-- hour, audio, images, the service tier. Empty for all others. Without it an entry could not be priced anew.
ALTER TABLE ledger ADD COLUMN usage_parts TEXT NOT NULL DEFAULT '';
