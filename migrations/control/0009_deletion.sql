-- Deleted, and not yet removed: for seven days it can be taken back.
ALTER TABLE project ADD COLUMN deleted_ms INTEGER;
ALTER TABLE organization ADD COLUMN deleted_ms INTEGER;

-- What was removed of an organization that is gone, for those who owned it.
CREATE TABLE deletion_certificate (
  id TEXT PRIMARY KEY,
  -- JSON array of account ids
  owners TEXT NOT NULL,
  name TEXT NOT NULL, certificate TEXT NOT NULL, created_ms INTEGER NOT NULL
);
