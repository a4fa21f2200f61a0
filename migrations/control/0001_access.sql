-- Seven roles, members of some projects only, invitations, service principals, keys of an organization, two factors.

-- SQLite cannot change a CHECK or a NOT NULL: these tables are made anew.
CREATE TABLE member_next (
  org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'finance', 'operator', 'developer', 'auditor', 'approver')),
  -- 1: sees only the projects in member_project
  restricted INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL,
  PRIMARY KEY (org_id, user_id)
) WITHOUT ROWID;
INSERT INTO member_next (org_id, user_id, role, created_ms)
  SELECT org_id, user_id, CASE role WHEN 'member' THEN 'developer' ELSE role END, created_ms FROM member;
DROP TABLE member;
ALTER TABLE member_next RENAME TO member;
CREATE INDEX member_user ON member (user_id);

CREATE TABLE member_project (
  org_id TEXT NOT NULL, user_id TEXT NOT NULL,
  project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
  PRIMARY KEY (org_id, user_id, project_id),
  FOREIGN KEY (org_id, user_id) REFERENCES member (org_id, user_id) ON DELETE CASCADE
) WITHOUT ROWID;

-- The token goes out by mail; only its hash stays.
CREATE TABLE invitation (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  email TEXT NOT NULL, role TEXT NOT NULL, project_ids TEXT, token_hash TEXT NOT NULL UNIQUE,
  invited_by TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
  accepted_ms INTEGER, revoked_ms INTEGER
);
CREATE INDEX invitation_org ON invitation (org_id, created_ms);

-- A program that acts by itself: it has a role, and keys, and no password.
CREATE TABLE service_principal (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  name TEXT NOT NULL, role TEXT NOT NULL, created_by TEXT NOT NULL, created_ms INTEGER NOT NULL, disabled_ms INTEGER,
  UNIQUE (org_id, name)
);

CREATE TABLE api_key_next (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  -- NULL: a key of the whole organization
  project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
  principal_id TEXT REFERENCES service_principal (id) ON DELETE CASCADE,
  -- NULL: events say themselves what they are of
  environment TEXT,
  name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, hint TEXT NOT NULL, scopes TEXT NOT NULL,
  created_by TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER, revoked_ms INTEGER,
  -- the key that took its place
  rotated_to TEXT
);
INSERT INTO api_key_next (id, org_id, project_id, name, hash, hint, scopes, created_by, created_ms, expires_ms, revoked_ms)
  SELECT id, org_id, project_id, name, hash, hint, scopes, created_by, created_ms, expires_ms, revoked_ms FROM api_key;
DROP TABLE api_key;
ALTER TABLE api_key_next RENAME TO api_key;
CREATE INDEX api_key_org ON api_key (org_id, project_id);

-- better-auth's two-factor plugin.
ALTER TABLE user ADD COLUMN two_factor_enabled INTEGER NOT NULL DEFAULT 0;
CREATE TABLE two_factor (
  id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE,
  secret TEXT NOT NULL, backup_codes TEXT NOT NULL, verified INTEGER NOT NULL DEFAULT 1,
  failed_verification_count INTEGER NOT NULL DEFAULT 0, locked_until INTEGER
);
CREATE INDEX two_factor_user ON two_factor (user_id);
