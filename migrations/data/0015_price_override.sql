-- Prices that an organization has agreed with its providers, and prices of calls of its tools.
CREATE TABLE price_override (
  org_id TEXT NOT NULL,
  id TEXT NOT NULL,
  -- '' stands for any
  provider TEXT NOT NULL,
  -- a model, or how models begin, with '*' at its end; '' for a tool
  model TEXT NOT NULL,
  tool TEXT NOT NULL,
  -- JSON: US dollars as decimal text, {"rates"?, "discount_percent"?, "call_usd"?, "service_tiers"?}
  price TEXT NOT NULL,
  note TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  -- NULL: until it is ended
  to_ms INTEGER,
  -- the account or key that made it
  created_by TEXT NOT NULL,
  created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  -- rises with each change, and is named by what is priced
  version INTEGER NOT NULL,
  PRIMARY KEY (org_id, id)
) WITHOUT ROWID;

-- Few and small, they are copied while an organization's last commits are: until it has arrived they stay as they are.
CREATE TRIGGER price_override_held BEFORE INSERT ON price_override
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = NEW.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER price_override_kept BEFORE UPDATE ON price_override
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;

CREATE TRIGGER price_override_not_removed BEFORE DELETE ON price_override
WHEN EXISTS (SELECT 1 FROM moving WHERE org_id = OLD.org_id AND commits_held = 1 AND open = 0)
BEGIN SELECT RAISE(ABORT, 'the organization is moving'); END;
