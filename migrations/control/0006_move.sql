-- Moves of organizations between cells: one row a move, and what it needs to go on after it was killed.
CREATE TABLE org_move (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  from_cell TEXT NOT NULL, from_shard INTEGER NOT NULL, to_cell TEXT NOT NULL, to_shard INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'stopped', 'done', 'cancelled')),
  step TEXT NOT NULL,
  -- JSON: where the step is, and what was counted so far
  cursor TEXT NOT NULL, numbers TEXT NOT NULL,
  -- why it was stopped, or what went wrong at the last try
  detail TEXT,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, frozen_ms INTEGER, switched_ms INTEGER,
  cancel_ms INTEGER, ended_ms INTEGER,
  -- rises with each write: of two that run the same job one is overtaken
  version INTEGER NOT NULL
);
CREATE UNIQUE INDEX org_move_open ON org_move (org_id) WHERE ended_ms IS NULL;
CREATE INDEX org_move_org ON org_move (org_id, created_ms);
