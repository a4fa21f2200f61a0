import { TRACE_FAILURES_MAX } from '../../domain/trace-failure.ts'

/** The columns of plan.traces, in its order. */
const COLUMNS = [
  'project_id',
  'sort_ms',
  'trace_id',
  'org_id',
  'ended_ms',
  'complete',
  'status',
  'outcome',
  'error_type',
  'name',
  'environment',
  'agent_id',
  'workflow_id',
  'workflow_version',
  'user_id',
  'session_id',
  'providers',
  'models',
  'events',
  'errors',
  'llm_calls',
  'tool_calls',
  'retries',
  'fallbacks',
  'batches',
  'outcome_revised_ms',
  'failures',
  'prompts',
]
const MONEY = ['unpriced', 'cost_nanousd', 'tokens_prompt', 'tokens_completion']
/** What is made of ledger entries, which `fresh` may have fewer of than the fold. */
const BOOKED = ['leaks', ...MONEY]
const NOTHING: Record<string, string> = { leaks: `'[]'` }
const PREFERRED = ['name', 'environment', 'agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id']
const ADDED = ['events', 'errors', 'llm_calls', 'tool_calls', 'retries', 'fallbacks', ...MONEY]

const STATUS = `CASE WHEN n.complete = 1 THEN n.status WHEN trace.complete = 1 THEN trace.status
  WHEN 'error' IN (n.status, trace.status) THEN 'error' ELSE trace.status END`
const prefer = (name: string) =>
  `CASE WHEN n.${name} <> '' AND (trace.${name} = '' OR n.complete = 1) THEN n.${name} ELSE trace.${name} END`
const union = (name: string) =>
  `${name} = CASE WHEN trace.${name} = n.${name} THEN trace.${name} ELSE (SELECT json_group_array(value)
  FROM (SELECT value FROM json_each(trace.${name}) UNION SELECT value FROM json_each(n.${name}))) END`

// As trace-fold.ts has it: the latest revision, at the same moment failure, before what the run told.
const OUTCOME = `CASE WHEN n.outcome_revised_ms > trace.outcome_revised_ms
  OR (n.outcome_revised_ms > 0 AND n.outcome_revised_ms = trace.outcome_revised_ms AND n.outcome < trace.outcome) THEN n.outcome
  WHEN trace.outcome_revised_ms > 0 THEN trace.outcome ELSE ${prefer('outcome')} END`
// Most traces have no failure, and most commits none that is new.
const FAILURES = `CASE WHEN n.failures IN ('[]', trace.failures) THEN trace.failures WHEN trace.failures = '[]' THEN n.failures
  ELSE (SELECT json_group_array(json(value)) FROM (SELECT value FROM json_each(trace.failures)
    UNION SELECT value FROM json_each(n.failures) ORDER BY value LIMIT ${TRACE_FAILURES_MAX})) END`
// A row that has only an outcome so far has no end, and starts with the run's first event.
const STARTED = `CASE 0 WHEN n.ended_ms THEN trace.started_ms WHEN trace.ended_ms THEN n.sort_ms
  ELSE min(trace.started_ms, n.sort_ms) END`

const MERGE = `started_ms = ${STARTED}, ended_ms = max(trace.ended_ms, n.ended_ms),
  complete = max(trace.complete, n.complete), status = ${STATUS},
  error_type = CASE ${STATUS} WHEN 'ok' THEN '' ELSE ${prefer('error_type')} END,
  failures = ${FAILURES}, outcome = ${OUTCOME}, outcome_revised_ms = max(trace.outcome_revised_ms, n.outcome_revised_ms),
  ${PREFERRED.map((name) => `${name} = ${prefer(name)}`).join(', ')},
  ${['providers', 'models', 'prompts', 'batches', 'leaks'].map(union).join(', ')},
  ${ADDED.map((name) => `${name} = trace.${name} + n.${name}`).join(', ')}`

/**
 * Two statements that add trace folds (?1, JSON tuples): to the traces that are there, then those that are not. Not
 * an upsert, whose statement SQLite must be able to undo alone (commit.ts). Folds hold their own sums of money and
 * leaks; with `fresh`, a CTE of the new ledger rows, these are made of it instead.
 */
export function tracesSql(fresh?: string): [update: string, insert: string] {
  const booked = (name: string, at: number) =>
    fresh === undefined ? `value ->> ${at} AS ${name}` : `coalesce(paid.${name}, ${NOTHING[name] ?? 0}) AS ${name}`
  const fields = [
    ...COLUMNS.map((name, at) => `value ->> ${at} AS ${name}`),
    ...BOOKED.map((name, i) => booked(name, COLUMNS.length + i)),
  ].join(', ')
  const paid =
    fresh === undefined
      ? ''
      : `${fresh}, paid AS MATERIALIZED (SELECT project_id, trace_id, sum(cost_nanousd) cost_nanousd,
      sum(cost_source = 'unpriced') unpriced, sum(tokens_prompt) tokens_prompt, sum(tokens_completion) tokens_completion,
      (SELECT json_group_array(leak) FROM (SELECT DISTINCT f.leak FROM fresh f WHERE f.project_id = fresh.project_id
        AND f.trace_id = fresh.trace_id AND f.leak <> '' ORDER BY f.leak)) leaks
      FROM fresh GROUP BY project_id, trace_id) `
  const join =
    fresh === undefined ? '' : ' LEFT JOIN paid ON paid.project_id = value ->> 0 AND paid.trace_id = value ->> 2'
  const folds = `SELECT ${fields} FROM jsonb_each(jsonb(?1))${join}`
  const names = [...COLUMNS, ...BOOKED].join(', ')
  return [
    `${paid}UPDATE OR FAIL trace SET ${MERGE} FROM (${folds}) n WHERE trace.project_id = n.project_id AND trace.trace_id = n.trace_id`,
    `${paid}INSERT OR IGNORE INTO trace (${names}, started_ms) SELECT ${names}, sort_ms FROM (${folds})`,
  ]
}
