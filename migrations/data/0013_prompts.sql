-- Versions of prompts that a trace's calls named: JSON array, sorted and distinct. Of events from before this it is empty.
ALTER TABLE trace ADD COLUMN prompts TEXT NOT NULL DEFAULT '[]';
