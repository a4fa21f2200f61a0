import { LOG_GAMMA, ROUNDING } from '../../domain/histogram.ts'

/** Up to which delta the hours of traces are made anew. */
export const TRACE_JOB = 'trace_rollup'
/** Up to which day they are packed. */
export const TRACE_DAY_JOB = 'trace_day'
/**
 * When the hours that wait hold no more traces than this, by their last sums, they are summed as they are read; when
 * they hold more, what is read is what was summed last, within two minutes.
 */
export const STALE_TRACES_MAX = 10_000

/** What one trace `t` adds to a row of kind `trace`. Tokens of caches and of reasoning are not kept by trace. */
export const TRACE_SUMS = {
  n: '1',
  errors: `t.status IN ('error', 'blocked')`,
  successes: `(t.complete = 1 AND t.status = 'ok' AND t.outcome <> 'failure')`,
  cost_nanousd: 't.cost_nanousd',
  paid: '0',
  unpriced: 't.unpriced',
  tokens_prompt: 't.tokens_prompt',
  tokens_completion: 't.tokens_completion',
  tokens_cached: '0',
  tokens_cache_write: '0',
  tokens_reasoning: '0',
  latency_sum_ms: 'iif(t.complete = 1, max(0, t.ended_ms - t.started_ms), 0)',
  latency_n: 't.complete',
} as const

/** The bucket of a trace's duration, as `bucketOf` of domain/histogram.ts has it. */
export function tookSql(): string {
  return `iif(t.ended_ms <= t.started_ms, 'z', CAST(CAST(ceil(ln(t.ended_ms - t.started_ms) / ${LOG_GAMMA} - ${ROUNDING}) AS INTEGER) AS TEXT))`
}

/** `behind(project_id, workspace_id, hour_ms)`: hours of an organization whose sums wait to be made anew. */
export function behindSql(org: string): string {
  return `behind AS MATERIALIZED (SELECT d.project_id, max(d.workspace_id) AS workspace_id, CAST(h.value AS INTEGER) AS hour_ms
FROM delta d CROSS JOIN json_each(d.trace_hours) h
WHERE d.org_id = ${org} AND d.seq > coalesce((SELECT seq FROM progress WHERE org_id = ${org} AND job = '${TRACE_JOB}'), 0)
AND h.value >= coalesce((SELECT traces_from_ms FROM retention r WHERE r.project_id = d.project_id), 0)
GROUP BY d.project_id, h.value)`
}

/** `stale`: the hours of `behind` when they are few enough to be summed at once, else none. */
export function staleSql(org: string): string {
  return `${behindSql(org)},
stale AS MATERIALIZED (SELECT * FROM behind WHERE (${storedSql(org)}) <= ${STALE_TRACES_MAX})`
}

/** How many traces the hours of `behind` held when they were summed last. */
export function storedSql(org: string): string {
  return `SELECT coalesce(sum(r.n), 0) FROM behind b CROSS JOIN rollup r
ON r.org_id = ${org} AND r.kind = 'trace' AND r.hour_ms = b.hour_ms AND r.project_id = b.project_id`
}
