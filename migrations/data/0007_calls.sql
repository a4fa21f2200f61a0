-- Calls of models in a commit, for circuit breakers: JSON array of [second, agent, workflow, provider, model,
-- reservation, calls, failures of the provider]; NULL for commits that hold none.
ALTER TABLE delta ADD COLUMN calls TEXT;
