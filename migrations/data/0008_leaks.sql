-- What of an entry leaked, and how (domain/leak.ts): the name of the leak, empty where nothing did, and how much.
ALTER TABLE ledger ADD COLUMN leak TEXT NOT NULL DEFAULT '';
ALTER TABLE ledger ADD COLUMN leak_nanousd INTEGER NOT NULL DEFAULT 0;
-- JSON array, sorted and distinct: the leaks of its entries.
ALTER TABLE trace ADD COLUMN leaks TEXT NOT NULL DEFAULT '[]';
