-- Days, weeks and months of an organization's budgets are those of its zone.
ALTER TABLE organization ADD COLUMN time_zone TEXT NOT NULL DEFAULT 'UTC';
