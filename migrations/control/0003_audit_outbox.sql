-- A change that is under way, written before it is made: whatever dies in between, the audit log will tell of it.
CREATE TABLE audit_outbox (
  id TEXT PRIMARY KEY, org_id TEXT NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
  at_ms INTEGER NOT NULL, records TEXT NOT NULL
);
CREATE INDEX audit_outbox_org ON audit_outbox (org_id, at_ms);
