import type { CommitPlan, GuardTuple } from '../../domain/commit-plan.ts'
import type { CallTuple } from '../../domain/control/outcome.ts'
import { HOUR_MS } from '../../domain/rollup-merge.ts'
import type { MoneyTuple } from '../../domain/rollup-row.ts'
import { columns, jsonParts } from './json-rows.ts'
import { tracesSql } from './commit-traces.ts'

/** What a commit added for one project, as stored; enough to repeat everything that follows it. */
export interface AppliedDelta {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: MoneyTuple[]
  guard: GuardTuple[]
  calls: CallTuple[]
}

/** A batch of the group was applied before: nothing of the group was changed. */
export class AlreadyApplied extends Error {}

/** The columns of plan.ledger, in its order. */
const LEDGER_COLUMNS = `project_id, event_key, org_id, workspace_id, ts_ms, trace_id, span_id, kind, environment,
  agent_id, workflow_id, workflow_version, step, provider, model, prompt_version, tool_name, user_id, cost_nanousd,
  cost_source, price_version, tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning,
  leak, leak_nanousd, usage_parts`

// OR FAIL: a statement that fails fails the whole batch, so SQLite need not keep what it would undo of the statement
// alone. Those copies of pages were a third of all bytes written.
const LEDGER = `INSERT OR FAIL INTO ledger (${LEDGER_COLUMNS}, commit_id)
SELECT ${columns(29)}, ?2 FROM jsonb_each(jsonb(?1))`

const BATCHES = `INSERT OR FAIL INTO batch (project_id, batch_id, org_id, received_ms, events, costs, body, commit_id, applied_ms)
SELECT ${columns(6)}, unhex(value ->> 6), ?2, ?3 FROM jsonb_each(jsonb(?1))`

// seq rises strictly within an org and stays close to the clock; D1 runs one writer at a time.
export const SEQ = `max(?2, (SELECT coalesce(max(seq), 0) + 1 FROM delta o WHERE o.org_id = ?3))`
const DELTA_COLUMNS =
  'commit_id, seq, org_id, project_id, workspace_id, min_ms, max_ms, events, batches, counts, money, guard, calls, trace_hours'
// Where the traces of the commit lie, which are there by now; their ids come last, in as many parameters as it takes.
const hours = (
  ids: readonly string[],
) => `SELECT json_group_array(hour) FROM (SELECT DISTINCT t.sort_ms / ${HOUR_MS} * ${HOUR_MS} AS hour
  FROM (${ids.map((_, i) => `SELECT value FROM json_each(?${i + 14})`).join(' UNION ALL ')}) k CROSS JOIN trace t
  ON t.project_id = ?4 AND t.trace_id = k.value)`
const deltaSql = (ids: readonly string[]) => `INSERT OR FAIL INTO delta (${DELTA_COLUMNS})
VALUES (?1, ${SEQ}, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, (${hours(ids)})) RETURNING org_id, project_id, workspace_id, commit_id, seq`

// The same for events of which some are in the ledger: rows that carry this commit's id are the new ones, and sums
// are made of them alone.
const LEDGER_NEW = LEDGER.replace('OR FAIL', 'OR IGNORE')
const fresh = (keys: string, commitId: string) => `WITH fresh AS MATERIALIZED (
  SELECT l.* FROM jsonb_each(jsonb(${keys})) k CROSS JOIN ledger l
  ON l.project_id = k.value ->> 0 AND l.event_key = k.value ->> 1 WHERE l.commit_id = ${commitId})`
const MONEY = `SELECT json_group_array(json_array(kind, minute, environment, agent_id, workflow_id, workflow_version, step,
    provider, model, prompt_version, tool_name, user_id, cost, paid, unpriced, prompt, completion, cached, cache_write, reasoning))
  FROM (SELECT kind, ts_ms / 60000 * 60000 minute, environment, agent_id, workflow_id, workflow_version, step, provider, model,
    prompt_version, tool_name, user_id, sum(cost_nanousd) cost, count(*) paid, sum(cost_source = 'unpriced') unpriced,
    sum(tokens_prompt) prompt, sum(tokens_completion) completion, sum(tokens_cached) cached,
    sum(tokens_cache_write) cache_write, sum(tokens_reasoning) reasoning
  FROM fresh WHERE fresh.project_id = ?4 GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
  UNION ALL SELECT 'leak', ts_ms / 60000 * 60000, environment, agent_id, workflow_id, workflow_version, step, provider, model,
    leak, tool_name, '', sum(leak_nanousd), count(*), 0, 0, 0, 0, 0, 0
  FROM fresh WHERE fresh.project_id = ?4 AND leak <> '' GROUP BY 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)`
const GUARD = `SELECT nullif(json_group_array(json_array(g.value ->> 1, fresh.cost_nanousd, g.value ->> 3)), '[]')
  FROM json_each(?12) g JOIN fresh ON fresh.project_id = ?4 AND fresh.event_key = g.value ->> 0`
const deltaOfNewSql = (ids: readonly string[]) => `${fresh('?11', '?1')} INSERT INTO delta (${DELTA_COLUMNS})
VALUES (?1, ${SEQ}, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (${MONEY}), (${GUARD}), ?13, (${hours(ids)})) RETURNING org_id, project_id, workspace_id, commit_id, seq, money, guard, calls`

/**
 * Applies a group of batches in one atomic D1 batch: ledger, batches, traces, deltas; all or nothing. Nearly always
 * all entries are new, and the sums of the plan hold; when one is not, nothing is written, and SQL makes the sums.
 * @throws AlreadyApplied when a batch of the group is in the shard already.
 */
export async function commitPlan(
  db: D1Database,
  plan: CommitPlan,
  commitId: string,
  nowMs: number,
): Promise<AppliedDelta[]> {
  try {
    return plan.exact ? await commitNew(db, plan, commitId, nowMs) : await commitSome(db, plan, commitId, nowMs)
  } catch (error) {
    if (String(error).includes('UNIQUE constraint failed: batch.'))
      throw new AlreadyApplied('a batch was applied before', { cause: error })
    if (plan.exact && String(error).includes('UNIQUE constraint failed: ledger.'))
      return commitPlan(db, { ...plan, exact: false }, commitId, nowMs)
    throw error
  }
}

async function commitNew(db: D1Database, plan: CommitPlan, commitId: string, nowMs: number): Promise<AppliedDelta[]> {
  const traces = traceIds(plan)
  const deltas = plan.deltas.map((delta, i) => {
    const ids = traces[i] ?? []
    return db.prepare(deltaSql(ids)).bind(commitId, nowMs, ...delta, ...ids)
  })
  const results = await db.batch<DeltaRow>([
    ...jsonParts(plan.batches).map((batches) => db.prepare(BATCHES).bind(batches, commitId, nowMs)),
    ...jsonParts(plan.ledger).map((ledger) => db.prepare(LEDGER).bind(ledger, commitId)),
    ...jsonParts(plan.traces).flatMap((traces) => tracesSql().map((sql) => db.prepare(sql).bind(traces))),
    ...deltas,
  ])
  const parts = new Map(plan.projects.map((part) => [part.header.project_id, part]))
  return rowsOf(results, deltas.length).map((row) => {
    const { money = [], guard = [], calls = [] } = parts.get(row.project_id) ?? {}
    return { ...row, money, guard: guard.map(([, ...spend]) => spend), calls }
  })
}

async function commitSome(db: D1Database, plan: CommitPlan, commitId: string, nowMs: number): Promise<AppliedDelta[]> {
  const keys = JSON.stringify(plan.ledger.map(([projectId, key]) => [projectId, key]))
  const traces = traceIds(plan)
  const deltas = plan.deltas.map((delta, i) => {
    const guard = JSON.stringify(plan.projects[i]?.guard ?? [])
    const ids = traces[i] ?? []
    return db
      .prepare(deltaOfNewSql(ids))
      .bind(commitId, nowMs, ...delta.slice(0, -3), keys, guard, delta.at(-1), ...ids)
  })
  const results = await db.batch<DeltaRow>([
    ...jsonParts(plan.batches).map((batches) => db.prepare(BATCHES).bind(batches, commitId, nowMs)),
    ...jsonParts(plan.ledger).map((ledger) => db.prepare(LEDGER_NEW).bind(ledger, commitId)),
    ...jsonParts(plan.traces).flatMap((traces) =>
      tracesSql(fresh('?2', '?3')).map((sql) => db.prepare(sql).bind(traces, keys, commitId)),
    ),
    ...deltas,
  ])
  return rowsOf(results, deltas.length).map(deltaOf)
}

/** Of each project of the plan, the ids of the traces that it adds or changes, as JSON. */
function traceIds({ projects, traces }: CommitPlan): string[][] {
  const ids = new Map<unknown, unknown[]>(projects.map(({ header }) => [header.project_id, []]))
  for (const [projectId, , traceId] of traces) ids.get(projectId)?.push(traceId)
  return [...ids.values()].map(jsonParts)
}

/** What the last statements returned: one row each. */
function rowsOf(results: D1Result<DeltaRow>[], last: number): DeltaRow[] {
  return results.slice(results.length - last).flatMap((result) => result.results)
}

export interface DeltaRow {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: string
  guard: string | null
  calls: string | null
}

export function deltaOf(row: DeltaRow): AppliedDelta {
  return {
    ...row,
    money: JSON.parse(row.money) as MoneyTuple[],
    guard: row.guard === null ? [] : (JSON.parse(row.guard) as GuardTuple[]),
    calls: row.calls === null ? [] : (JSON.parse(row.calls) as CallTuple[]),
  }
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
      `SELECT org_id, project_id, workspace_id, commit_id, seq, money, guard, calls FROM delta WHERE org_id = ?1 AND seq >= ?2 AND seq < ?2 + 600000 AND commit_id = ?3`,
    )
    .bind(orgId, appliedMs, commitId)
    .all<DeltaRow>()
  return found.results.map(deltaOf)
}
