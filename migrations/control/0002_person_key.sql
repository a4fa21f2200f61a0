-- What stands for a person in the audit logs, and the key that seals what is personal there. Without its row nobody
-- can open that any more, and the chains stay whole. No reference to `user`: `org:<id>` and `mail:<hash>` have rows too.
CREATE TABLE person_key (
  user_id TEXT PRIMARY KEY, person_id TEXT NOT NULL UNIQUE, key BLOB NOT NULL, created_ms INTEGER NOT NULL
);
