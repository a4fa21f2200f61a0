import type { Condition, Watched } from '../../contract/alert-condition.ts'
import type { Dimension, Measure, MetricsQuery } from '../../contract/metrics.ts'
import type { Need, Question } from './need.ts'
import { OUTCOMES } from './past.ts'
import { HISTORY_DAYS, type Window } from './usual.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Events come so late at most, but for outages: until then the sums of an hour may still grow. */
const LATE_MS = 5 * MINUTE_MS
/** More groups than this are not judged; those with the most are. */
const GROUPS_MAX = 500
const HISTORY_ROWS_MAX = 100_000

/** What a rule that watches metrics or budgets needs to be judged. An objective's need is its own (slo/judge.ts). */
export function needOf(
  condition: Exclude<Condition, { type: 'burn_rate' }>,
  projectId: string | null,
  nowMs: number,
): Need {
  if (condition.type === 'budget') return { questions: [], budgets: true }
  const watch = watchedOf(condition)
  const now: Question = {
    name: 'now',
    query: { ...nowQuery(watch, projectId, windowOf(condition, nowMs)), ...withinLimit(condition) },
    keep_until_ms: null,
  }
  if (condition.type === 'threshold') return { questions: [now], budgets: false }
  const settled = Math.floor((nowMs - LATE_MS) / HOUR_MS) * HOUR_MS
  return { questions: [now, history(watch, projectId, settled), ...known(watch, projectId, settled)], budgets: false }
}

/** Whether anything came is a count, whatever the rule calls it. */
export function watchedOf(condition: Extract<Condition, { watch: Watched }>): Watched {
  return condition.type === 'no_data' ? { ...condition.watch, measure: 'count' } : condition.watch
}

/** The last whole minutes: the minute that is not over is left out. */
export function windowOf({ window_minutes }: { window_minutes: number }, nowMs: number): Window {
  const to_ms = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS
  return { from_ms: to_ms - window_minutes * MINUTE_MS, to_ms }
}

function nowQuery(watch: Watched, projectId: string | null, { from_ms, to_ms }: Window): MetricsQuery {
  const measures = [...new Set<Measure>([watch.measure, 'count'])]
  return {
    ...queryOf(watch, projectId),
    measures,
    from: iso(from_ms),
    to: iso(to_ms),
    step: 'total',
    limit: GROUPS_MAX,
  }
}

/** The share of latencies that a percentile leaves beyond it; null for other measures. */
export function beyondOf(measure: Measure): number | null {
  const percentile = /^latency_p(\d+)_ms$/.exec(measure)?.[1]
  return percentile === undefined ? null : (100 - Number(percentile)) / 100
}

/** How many are beyond the lower limit tells whether a percentile is beyond it by chance. */
function withinLimit(condition: Condition): Pick<MetricsQuery, 'measures' | 'within_ms'> | null {
  if (condition.type !== 'threshold' || condition.direction !== 'above' || beyondOf(condition.watch.measure) === null)
    return null
  const within_ms = condition.warning ?? condition.critical ?? 0
  if (within_ms < 1) return null
  return { measures: [condition.watch.measure, 'count', 'latency_within_rate'], within_ms }
}

/** Hour by hour, up to the last that is settled: asked once an hour. */
function history(watch: Watched, projectId: string | null, settledMs: number): Question {
  return {
    name: 'history',
    query: {
      ...queryOf(watch, projectId),
      ...past(settledMs),
      measures: [...new Set<Measure>([watch.measure, 'count'])],
      step: 'hour',
      // Should there be too many, the oldest are left out.
      order: { by: 'time', direction: 'desc' },
      limit: HISTORY_ROWS_MAX,
    },
    keep_until_ms: settledMs + HOUR_MS + LATE_MS,
  }
}

/**
 * Since when there is what a rule watches, where its own rows do not tell: of failures, retries and the like that never
 * came before, zero is usual, if that which they are of ran before.
 */
function known(watch: Watched, projectId: string | null, settledMs: number): Question[] {
  const filters = watch.filters.filter(({ dimension }) => !OUTCOMES.includes(dimension))
  const group_by = watch.group_by.filter((dimension) => !OUTCOMES.includes(dimension))
  const isTrouble = watch.kind === 'retry' || watch.kind === 'fallback'
  if (!isTrouble && filters.length === watch.filters.length) return []
  if (isTrouble && [...group_by, ...filters.map((one) => one.dimension)].some((name) => !OF_REQUESTS.has(name)))
    return []
  const { within_ms: _, ...query } = queryOf({ ...watch, filters, group_by }, projectId)
  return [
    {
      name: 'known',
      query: {
        ...query,
        ...past(settledMs),
        kind: isTrouble ? 'request' : watch.kind,
        measures: ['count'],
        step: 'day',
        order: { by: 'time', direction: 'asc' },
        limit: HISTORY_ROWS_MAX,
      },
      keep_until_ms: settledMs + HOUR_MS + LATE_MS,
    },
  ]
}

/** What requests tell of retries and fallbacks too. */
const OF_REQUESTS = new Set<Dimension>([
  'workspace_id',
  'project_id',
  'environment',
  'agent_id',
  'workflow_id',
  'workflow_version',
])

/** A day more than is compared with, so that the first window is whole. */
const past = (settledMs: number) => ({
  from: iso(settledMs - (HISTORY_DAYS + 1) * DAY_MS),
  to: iso(settledMs),
})

function queryOf(watch: Watched, projectId: string | null): Omit<MetricsQuery, 'measures' | 'from' | 'to' | 'step'> {
  const place = projectId === null ? [] : [{ dimension: 'project_id' as const, op: 'eq' as const, values: [projectId] }]
  return {
    kind: watch.kind,
    dimensions: watch.group_by,
    filters: [...watch.filters, ...place],
    ...(watch.within_ms !== undefined && { within_ms: watch.within_ms }),
    time_zone: 'UTC',
    limit: GROUPS_MAX,
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
