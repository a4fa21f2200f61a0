import type { CommitPlan } from '../../domain/commit-plan.ts'
import type { MoneyTuple } from '../../domain/rollup-row.ts'

/** What a commit added for one project, as stored; enough to repeat everything that follows it. */
export interface AppliedDelta {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: MoneyTuple[]
}

/** A batch of the group was applied before: nothing of the group was changed. */
export class AlreadyApplied extends Error {}

const LEDGER = `INSERT INTO ledger (project_id, event_key, org_id, workspace_id, ts_ms, trace_id, span_id, kind, environment,
  agent_id, workflow_id, workflow_version, step, provider, model, prompt_version, tool_name, user_id, cost_nanousd,
  cost_source, price_version, tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning, commit_id)
SELECT ${columns(26)}, ?2 FROM jsonb_each(jsonb(?1)) WHERE true ON CONFLICT DO NOTHING`

const BATCHES = `INSERT INTO batch (project_id, batch_id, org_id, received_ms, events, costs, body, commit_id, applied_ms)
SELECT ${columns(6)}, unhex(value ->> 6), ?2, ?3 FROM jsonb_each(jsonb(?1))`

// Ledger rows that carry this commit's id are the ones that no earlier commit had brought.
const FRESH = `WITH fresh AS MATERIALIZED (
  SELECT l.* FROM jsonb_each(jsonb(?1)) k CROSS JOIN ledger l
  ON l.project_id = k.value ->> 0 AND l.event_key = k.value ->> 1 WHERE l.commit_id = ?2)`

const STATUS = `CASE WHEN excluded.complete = 1 THEN excluded.status WHEN complete = 1 THEN status
  WHEN 'error' IN (excluded.status, status) THEN 'error' ELSE status END`
const union = (
  column: string,
) => `CASE WHEN ${column} = excluded.${column} THEN ${column} ELSE (SELECT json_group_array(value)
  FROM (SELECT value FROM json_each(${column}) UNION SELECT value FROM json_each(excluded.${column}))) END`
const prefer = (column: string) => `CASE WHEN excluded.${column} <> '' AND (${column} = '' OR excluded.complete = 1)
  THEN excluded.${column} ELSE ${column} END`
const add = (column: string) => `${column} = ${column} + excluded.${column}`

const TRACES = `${FRESH}, paid AS MATERIALIZED (
  SELECT project_id, trace_id, sum(cost_nanousd) cost, sum(cost_source = 'unpriced') unpriced,
    sum(tokens_prompt) prompt, sum(tokens_completion) completion FROM fresh GROUP BY project_id, trace_id)
INSERT INTO trace (project_id, sort_ms, started_ms, trace_id, org_id, ended_ms, complete, status, outcome, error_type, name,
  environment, agent_id, workflow_id, workflow_version, user_id, session_id, providers, models, events, errors, llm_calls,
  tool_calls, retries, fallbacks, batches, unpriced, cost_nanousd, tokens_prompt, tokens_completion)
SELECT value ->> 0, value ->> 1, ${columns(25, 1)}, coalesce(paid.unpriced, 0), coalesce(paid.cost, 0), coalesce(paid.prompt, 0),
  coalesce(paid.completion, 0)
FROM jsonb_each(jsonb(?3)) LEFT JOIN paid ON paid.project_id = value ->> 0 AND paid.trace_id = value ->> 2 WHERE true
ON CONFLICT DO UPDATE SET
  started_ms = min(started_ms, excluded.started_ms), ended_ms = max(ended_ms, excluded.ended_ms),
  complete = max(complete, excluded.complete), status = ${STATUS},
  error_type = CASE ${STATUS} WHEN 'ok' THEN '' ELSE ${prefer('error_type')} END,
  ${['outcome', 'name', 'environment', 'agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id']
    .map((c) => `${c} = ${prefer(c)}`)
    .join(', ')},
  providers = ${union('providers')}, models = ${union('models')}, batches = ${union('batches')},
  ${['events', 'errors', 'llm_calls', 'tool_calls', 'retries', 'fallbacks', 'unpriced', 'cost_nanousd', 'tokens_prompt', 'tokens_completion'].map(add).join(', ')}`

const MONEY = `SELECT json_group_array(json_array(kind, minute, environment, agent_id, workflow_id, workflow_version, step,
    provider, model, prompt_version, tool_name, user_id, cost, paid, unpriced, prompt, completion, cached, cache_write, reasoning))
  FROM (SELECT kind, ts_ms / 60000 * 60000 minute, environment, agent_id, workflow_id, workflow_version, step, provider, model,
    prompt_version, tool_name, user_id, sum(cost_nanousd) cost, count(*) paid, sum(cost_source = 'unpriced') unpriced,
    sum(tokens_prompt) prompt, sum(tokens_completion) completion, sum(tokens_cached) cached,
    sum(tokens_cache_write) cache_write, sum(tokens_reasoning) reasoning
  FROM fresh WHERE fresh.project_id = d.value ->> 1 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)`

// seq rises strictly within an org and stays close to the clock; D1 runs one writer at a time.
const DELTAS = `${FRESH} INSERT INTO delta (org_id, project_id, workspace_id, min_ms, max_ms, events, batches, counts, money, seq, commit_id)
SELECT ${columns(8, 0, 'd.')}, (${MONEY}),
  max(?4, (SELECT coalesce(max(seq), 0) + 1 FROM delta o WHERE o.org_id = d.value ->> 0)), ?2
FROM jsonb_each(jsonb(?3)) d WHERE true RETURNING org_id, project_id, workspace_id, commit_id, seq, money`

function columns(n: number, from = 0, alias = ''): string {
  return Array.from({ length: n - from }, (_, i) => `${alias}value ->> ${i + from}`).join(', ')
}

/**
 * Applies a group of batches in one atomic D1 batch: ledger, batches, traces, deltas; all or nothing.
 * @throws AlreadyApplied when a batch of the group is in the shard already.
 */
export async function commitPlan(
  db: D1Database,
  plan: CommitPlan,
  commitId: string,
  nowMs: number,
): Promise<AppliedDelta[]> {
  const keys = distinctKeys(plan)
  const statements = [
    db.prepare(LEDGER).bind(JSON.stringify(plan.ledger), commitId),
    db.prepare(BATCHES).bind(JSON.stringify(plan.batches), commitId, nowMs),
    db.prepare(TRACES).bind(keys, commitId, JSON.stringify(plan.traces)),
    db.prepare(DELTAS).bind(keys, commitId, JSON.stringify(plan.deltas), nowMs),
  ]
  try {
    const results = await db.batch<DeltaRow>(statements)
    return (results.at(-1)?.results ?? []).map(parseDelta)
  } catch (error) {
    if (String(error).includes('UNIQUE constraint failed: batch.'))
      throw new AlreadyApplied('a batch was applied before', { cause: error })
    throw error
  }
}

/** One group may hold an event twice; it is one ledger row. */
function distinctKeys(plan: CommitPlan): string {
  const keys = new Map(plan.ledger.map((row) => [`${String(row[0])}\n${String(row[1])}`, [row[0], row[1]]]))
  return JSON.stringify([...keys.values()])
}

interface DeltaRow {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: string
}

function parseDelta(row: DeltaRow): AppliedDelta {
  return { ...row, money: JSON.parse(row.money) as MoneyTuple[] }
}

/** Which of these batches are applied, and by which commit. */
export async function findApplied(
  db: D1Database,
  batches: { project_id: string; batch_id: string }[],
): Promise<{ project_id: string; batch_id: string; org_id: string; commit_id: string; applied_ms: number }[]> {
  const asked = JSON.stringify(batches.map((b) => [b.project_id, b.batch_id]))
  const found = await db
    .prepare(
      `SELECT b.project_id, b.batch_id, b.org_id, b.commit_id, b.applied_ms FROM json_each(?1) k CROSS JOIN batch b
       ON b.project_id = k.value ->> 0 AND b.batch_id = k.value ->> 1`,
    )
    .bind(asked)
    .all<{ project_id: string; batch_id: string; org_id: string; commit_id: string; applied_ms: number }>()
  return found.results
}

/** What an earlier commit added to an org, to repeat the steps that follow a commit. */
export async function deltasOf(
  db: D1Database,
  orgId: string,
  commitId: string,
  appliedMs: number,
): Promise<AppliedDelta[]> {
  const found = await db
    .prepare(
      `SELECT org_id, project_id, workspace_id, commit_id, seq, money FROM delta WHERE org_id = ?1 AND seq >= ?2 AND seq < ?2 + 600000 AND commit_id = ?3`,
    )
    .bind(orgId, appliedMs, commitId)
    .all<DeltaRow>()
  return found.results.map(parseDelta)
}
