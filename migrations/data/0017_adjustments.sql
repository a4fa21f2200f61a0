-- An adjustment is a ledger row of its own: the difference to what stood for another row, at that row's moment. It names
-- that row, which is never changed, and the source of the cost that stood before; both are empty for what was reported.
-- Its key is that row's with '~' and its number, so that it is read wherever that row is, and made once.
ALTER TABLE ledger ADD COLUMN adjusts TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN adjusts_source TEXT NOT NULL DEFAULT '';
-- The adjustments of a trace: nothing is written to it for the rows that adjust nothing.
CREATE INDEX ledger_adjustment ON ledger (project_id, trace_id) WHERE adjusts <> '';
