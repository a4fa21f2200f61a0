-- What a commit's new ledger rows cost of reservations: JSON array of [reservation id, nano-dollars, 1 for an entry of
-- the guard itself]; NULL for the many commits that name none.
ALTER TABLE delta ADD COLUMN guard TEXT;
