-- Long work on the data of one organization: erasing a person, deleting a project, exporting everything. In the
-- organization's own cell, since what is asked for may name a person.
CREATE TABLE job (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
  step TEXT NOT NULL,
  -- JSON: where the step is, what was asked for (NULL once it is no longer needed), and what was counted so far
  cursor TEXT NOT NULL, input TEXT, numbers TEXT NOT NULL,
  -- what the last try met
  detail TEXT,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, ended_ms INTEGER,
  -- rises with each write: of two that run the same job one is overtaken
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;
CREATE INDEX job_open ON job (updated_ms) WHERE ended_ms IS NULL;

-- An organization does one or the other.
CREATE TRIGGER job_waits BEFORE INSERT ON job
WHEN NEW.ended_ms IS NULL AND EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER moving_waits BEFORE INSERT ON moving
WHEN EXISTS (SELECT 1 FROM job WHERE org_id = NEW.org_id AND ended_ms IS NULL)
BEGIN SELECT RAISE(ABORT, 'a job of the organization is under way'); END;
