-- Data shard of a cell. Rows written are the bill: WITHOUT ROWID, clustered by tenant, few indexes.

-- One row a batch: proof that it was applied (exactly once) and the packed events themselves.
CREATE TABLE batch (
  project_id TEXT NOT NULL,
  batch_id TEXT NOT NULL,
  org_id TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  applied_ms INTEGER NOT NULL,
  events INTEGER NOT NULL,
  -- {"<event index>":[cost_nanousd, "<cost_source>"]} for cost-bearing events
  costs TEXT NOT NULL,
  -- gzip of the canonical events' JSON array; NULL once retention has removed it
  body BLOB,
  PRIMARY KEY (project_id, batch_id)
) WITHOUT ROWID;

-- What one commit really added for one project: the log from which rollups, budgets and archive are made.
CREATE TABLE delta (
  org_id TEXT NOT NULL,
  -- strictly rising per org, close to the epoch milliseconds of the commit
  seq INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  min_ms INTEGER NOT NULL,
  max_ms INTEGER NOT NULL,
  events INTEGER NOT NULL,
  -- JSON array of batch ids
  batches TEXT NOT NULL,
  -- JSON array of count groups, domain/rollup.ts
  counts TEXT NOT NULL,
  -- JSON array of money groups, from the ledger rows that were new
  money TEXT NOT NULL,
  PRIMARY KEY (org_id, seq, project_id)
) WITHOUT ROWID;

-- Every cost-bearing event once. Never updated: corrections are new rows.
CREATE TABLE ledger (
  project_id TEXT NOT NULL,
  event_key TEXT NOT NULL,
  org_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  commit_id TEXT NOT NULL,
  ts_ms INTEGER NOT NULL,
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  environment TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  workflow_version TEXT NOT NULL,
  step TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  tool_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  cost_nanousd INTEGER NOT NULL,
  cost_source TEXT NOT NULL,
  price_version TEXT NOT NULL,
  tokens_prompt INTEGER NOT NULL,
  tokens_completion INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  tokens_cache_write INTEGER NOT NULL,
  tokens_reasoning INTEGER NOT NULL,
  PRIMARY KEY (project_id, event_key)
) WITHOUT ROWID;

-- One row a trace. sort_ms is the start as first seen and never changes, so that paging is stable.
CREATE TABLE trace (
  project_id TEXT NOT NULL,
  sort_ms INTEGER NOT NULL,
  trace_id TEXT NOT NULL,
  org_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL,
  ended_ms INTEGER NOT NULL,
  -- 1 when the root's end has arrived
  complete INTEGER NOT NULL,
  status TEXT NOT NULL,
  outcome TEXT NOT NULL,
  error_type TEXT NOT NULL,
  name TEXT NOT NULL,
  environment TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  workflow_version TEXT NOT NULL,
  user_id TEXT NOT NULL,
  session_id TEXT NOT NULL,
  -- JSON arrays, sorted and distinct
  providers TEXT NOT NULL,
  models TEXT NOT NULL,
  events INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  llm_calls INTEGER NOT NULL,
  tool_calls INTEGER NOT NULL,
  retries INTEGER NOT NULL,
  fallbacks INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  cost_nanousd INTEGER NOT NULL,
  tokens_prompt INTEGER NOT NULL,
  tokens_completion INTEGER NOT NULL,
  -- JSON array of the batch ids in which the trace's events lie
  batches TEXT NOT NULL,
  PRIMARY KEY (project_id, sort_ms, trace_id)
) WITHOUT ROWID;
CREATE UNIQUE INDEX trace_by_id ON trace (project_id, trace_id);

-- Hourly sums by kind of operation; merged from delta by the roller, never on the hot path.
CREATE TABLE rollup (
  org_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  hour_ms INTEGER NOT NULL,
  project_id TEXT NOT NULL,
  workspace_id TEXT NOT NULL,
  environment TEXT NOT NULL,
  agent_id TEXT NOT NULL,
  workflow_id TEXT NOT NULL,
  workflow_version TEXT NOT NULL,
  step TEXT NOT NULL,
  provider TEXT NOT NULL,
  model TEXT NOT NULL,
  prompt_version TEXT NOT NULL,
  tool_name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL,
  error_type TEXT NOT NULL,
  n INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  successes INTEGER NOT NULL,
  cost_nanousd INTEGER NOT NULL,
  paid INTEGER NOT NULL,
  unpriced INTEGER NOT NULL,
  tokens_prompt INTEGER NOT NULL,
  tokens_completion INTEGER NOT NULL,
  tokens_cached INTEGER NOT NULL,
  tokens_cache_write INTEGER NOT NULL,
  tokens_reasoning INTEGER NOT NULL,
  latency_sum_ms INTEGER NOT NULL,
  latency_n INTEGER NOT NULL,
  -- {"<log bucket>": count}, domain/histogram.ts
  latency_hist TEXT NOT NULL,
  PRIMARY KEY (org_id, kind, hour_ms, project_id, environment, agent_id, workflow_id, workflow_version,
    step, provider, model, prompt_version, tool_name, user_id, status, error_type)
) WITHOUT ROWID;

-- Up to which delta.seq an org's rollups and archive go. The CHECK makes a stale writer's batch fail whole.
CREATE TABLE progress (
  org_id TEXT NOT NULL,
  job TEXT NOT NULL,
  seq INTEGER NOT NULL,
  was_expected INTEGER NOT NULL CHECK (was_expected = 1),
  PRIMARY KEY (org_id, job)
) WITHOUT ROWID;
