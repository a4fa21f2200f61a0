-- For how many days a project's data are kept; NULL: until somebody deletes them. Projects that are there keep theirs.
ALTER TABLE project ADD COLUMN events_days INTEGER;
ALTER TABLE project ADD COLUMN traces_days INTEGER;
ALTER TABLE project ADD COLUMN metrics_days INTEGER;
ALTER TABLE project ADD COLUMN archive_days INTEGER;
