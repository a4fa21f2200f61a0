-- How far retention has come with a project: a pass a day, in steps that may be repeated.
CREATE TABLE retention (
  project_id TEXT PRIMARY KEY,
  org_id TEXT NOT NULL,
  -- where the pass under way is; NULL when none is
  step TEXT, cursor TEXT,
  -- JSON: removed by this pass so far, and by all passes
  counts TEXT NOT NULL, removed TEXT NOT NULL,
  -- when the last pass ended, and when one last removed something
  checked_ms INTEGER, removed_ms INTEGER
) WITHOUT ROWID;
