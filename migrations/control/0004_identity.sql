-- Attempts at the identity endpoints: better-auth's own, by address and path, and ours, by account.
CREATE TABLE rate_limit (
  id TEXT PRIMARY KEY, key TEXT NOT NULL UNIQUE, count INTEGER NOT NULL, last_request INTEGER NOT NULL
);
CREATE TABLE sign_in_failure (
  -- SHA-256 of the address, which need not be an account's
  account TEXT PRIMARY KEY, failures INTEGER NOT NULL, since_ms INTEGER NOT NULL
) WITHOUT ROWID;
-- better-auth's passkey plugin.
CREATE TABLE passkey (
  id TEXT PRIMARY KEY, name TEXT, public_key TEXT NOT NULL,
  user_id TEXT NOT NULL REFERENCES user (id) ON DELETE CASCADE, credential_id TEXT NOT NULL UNIQUE,
  counter INTEGER NOT NULL, device_type TEXT NOT NULL, backed_up INTEGER NOT NULL, transports TEXT,
  created_at INTEGER, aaguid TEXT
);
CREATE INDEX passkey_user ON passkey (user_id);
