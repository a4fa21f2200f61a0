-- Views that are sent by mail. In the organization's own cell, since filters name agents and their users.
CREATE TABLE report (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  -- the account with whose rights it is made
  owner_id TEXT NOT NULL,
  -- a built-in view, or else a dashboard
  page TEXT,
  dashboard_id TEXT,
  -- JSON array of [parameter, value], not percent-encoded: an erasure finds a person by their id as it is
  params TEXT NOT NULL,
  -- of the week, from Monday, 1; else of the month; else daily
  weekday INTEGER,
  month_day INTEGER,
  hour INTEGER NOT NULL,
  zone TEXT NOT NULL,
  format TEXT NOT NULL,
  -- JSON array of accounts
  recipients TEXT NOT NULL,
  -- where the dashboard is reached
  origin TEXT NOT NULL,
  -- why it is paused
  paused TEXT,
  -- the next occurrence; NULL while it is paused
  next_ms INTEGER,
  -- when somebody asked for one more
  asked_ms INTEGER,
  -- when something is to be done: a turn to begin, or one that did not end to be begun anew
  wake_ms INTEGER,
  -- rises with each try; what belongs to an older one changes nothing any more
  turn INTEGER NOT NULL DEFAULT 0,
  taken INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- set before the first mail goes out: from then on the occurrence is not begun anew
  mailing INTEGER NOT NULL DEFAULT 0,
  -- what a browser may read the view with, while it draws it
  pass_hash TEXT,
  pass_until_ms INTEGER,
  last_ms INTEGER,
  last_outcome TEXT,
  last_detail TEXT,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  -- rises with each change by a person: of two that change the same one, the second is told
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;

CREATE INDEX report_due ON report (wake_ms) WHERE wake_ms IS NOT NULL;

-- As saved views: copied while an organization's last commits are, until it has arrived they stay as they are.
CREATE TRIGGER report_held BEFORE INSERT ON report
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER report_kept BEFORE UPDATE ON report
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER report_not_removed BEFORE DELETE ON report
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;
