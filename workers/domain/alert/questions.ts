import type { Condition, Watched } from '../../contract/alert-condition.ts'
import type { Measure, MetricsQuery } from '../../contract/metrics.ts'
import type { Need, Question } from './need.ts'
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
    query: nowQuery(watch, projectId, windowOf(condition, nowMs)),
    keep_until_ms: null,
  }
  if (condition.type === 'threshold') return { questions: [now], budgets: false }
  return { questions: [now, history(watch, projectId, nowMs)], budgets: false }
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

/** Hour by hour, up to the last that is settled: asked once an hour. */
function history(watch: Watched, projectId: string | null, nowMs: number): Question {
  const settled = Math.floor((nowMs - LATE_MS) / HOUR_MS) * HOUR_MS
  return {
    name: 'history',
    query: {
      ...queryOf(watch, projectId),
      measures: [watch.measure],
      // A day more, so that the first window is whole.
      from: iso(settled - (HISTORY_DAYS + 1) * DAY_MS),
      to: iso(settled),
      step: 'hour',
      limit: HISTORY_ROWS_MAX,
    },
    keep_until_ms: settled + HOUR_MS + LATE_MS,
  }
}

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
