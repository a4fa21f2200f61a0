-- Organizations that are on their way to, or from, another cell. What this shard holds of them is held still by
-- triggers, so that no writer can be forgotten; the move itself opens the row within its own transaction.
CREATE TABLE moving (
  org_id TEXT PRIMARY KEY,
  move_id TEXT NOT NULL,
  -- 1: no batch is applied
  commits_held INTEGER NOT NULL,
  -- 1: rollups, archive, budget catch-up, packing and pruning stand still, and no batch is changed or removed
  jobs_held INTEGER NOT NULL,
  -- 1 within a transaction of the move itself, and never outside of one
  open INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TRIGGER batch_held BEFORE INSERT ON batch
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER batch_kept BEFORE UPDATE ON batch
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND jobs_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER batch_not_removed BEFORE DELETE ON batch
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND jobs_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER progress_held BEFORE INSERT ON progress
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND jobs_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

-- Who lived here once, by the SHA-256 of its id, and where a batch that comes late is sent on to.
CREATE TABLE departed (
  org_hash TEXT PRIMARY KEY,
  cell TEXT NOT NULL,
  shard INTEGER NOT NULL,
  departed_ms INTEGER NOT NULL
) WITHOUT ROWID;
