-- Views of the dashboard that people keep, and dashboards of their own. In the organization's own cell, since filters
-- name agents and their users.
CREATE TABLE saved_view (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('view', 'dashboard')),
  name TEXT NOT NULL,
  -- the account; NULL once it is gone
  owner_id TEXT,
  shared INTEGER NOT NULL,
  -- of a view: which page
  page TEXT,
  -- of a dashboard: JSON array of [panel, columns it spans]
  panels TEXT,
  -- JSON array of [parameter, value], not percent-encoded: an erasure finds a person by their id as it is
  params TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  -- rises with each change: of two that change the same one, the second is told
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;

-- Few and small, they are copied while an organization's last commits are: until it has arrived they stay as they are.
CREATE TRIGGER saved_view_held BEFORE INSERT ON saved_view
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER saved_view_kept BEFORE UPDATE ON saved_view
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER saved_view_not_removed BEFORE DELETE ON saved_view
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;
