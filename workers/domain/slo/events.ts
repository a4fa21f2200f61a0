import type { MetricsAnswer, MetricsQuery, MetricsRow } from '../../contract/metrics.ts'
import type { Indicator, Slo } from '../../contract/slo.ts'
import type { Found, Question } from '../alert/need.ts'
import { added, NOTHING, type Tallies, type Tally } from './burn.ts'
import { burnWindows } from './windows.ts'

export type Counted = Exclude<Indicator, { type: 'budget_variance' }>
type Objective = Pick<Slo, 'window_days' | 'project_id'>
type Rows = MetricsAnswer['data']

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** Events come so late at most, but for outages: until then an hour is read by its minutes. */
const LATE_MS = 5 * MINUTE_MS
/** The longest window that minutes are read for. */
const BY_MINUTES_MAX = 90
const DAYS_MAX = 70

/** The end of the hours that are taken as complete. Their sums are asked for once an hour. */
export const settledMs = (nowMs: number) => floor(nowMs - LATE_MS, HOUR_MS)
export const keptUntilMs = (nowMs: number) => settledMs(nowMs) + HOUR_MS + LATE_MS

/**
 * The last hour or more by minutes, which is asked at each evaluation; the hours before it, and the whole window, once
 * an hour.
 */
export function eventQuestions(indicator: Counted, { window_days, project_id }: Objective, nowMs: number): Question[] {
  const minuteFrom = Math.min(settledMs(nowMs), minutesFrom(byMinutes(window_days), nowMs))
  const settled = settledMs(nowMs)
  const hours = Math.max(...burnWindows(window_days).map(({ long_minutes }) => long_minutes)) / 60
  const kept = keptUntilMs(nowMs)
  const base = queryOf(indicator, project_id)
  const ask = (name: string, step: MetricsQuery['step'], from: number, to: number, keep_until_ms: number | null) => ({
    name,
    query: { ...base, step, from: iso(from), to: iso(to) },
    keep_until_ms,
  })
  return [
    ask('minutes', 'minute', minuteFrom, floor(nowMs, MINUTE_MS) + MINUTE_MS, null),
    ask('hours', 'hour', settled - (Math.ceil(hours) + 1) * HOUR_MS, settled, kept),
    ask('window', 'total', settled - window_days * DAY_MS, settled, kept),
  ]
}

/** The days of a range, for a chart. @param spans the days, oldest first. */
export function dayQuestion(
  indicator: Counted,
  projectId: string | null,
  zone: string,
  { from_ms, to_ms }: { from_ms: number; to_ms: number },
): MetricsQuery {
  return {
    ...queryOf(indicator, projectId),
    step: 'day',
    time_zone: zone,
    from: iso(from_ms),
    to: iso(to_ms),
    limit: DAYS_MAX,
  }
}

/** What the answers say of each window. A window longer than an hour and a half begins with a whole hour. */
export function eventTallies(indicator: Counted, { window_days }: Objective, found: Found, nowMs: number): Tallies {
  const settled = settledMs(nowMs)
  const { minutes = [], hours = [], window = [] } = found.answers
  const since = (rows: Rows, fromMs: number) =>
    rows.filter(({ time }) => Date.parse(String(time)) >= fromMs).reduce(adding(indicator), NOTHING)
  const recent = since(minutes, settled)
  return {
    over(length) {
      if (length <= byMinutes(window_days)) return since(minutes, minutesFrom(length, nowMs))
      return added(since(hours, floor(nowMs - length * MINUTE_MS, HOUR_MS)), recent)
    },
    window: added(window.reduce(adding(indicator), NOTHING), recent),
    unjudged: null,
    counted: true,
  }
}

/** What one row counted. */
export function tallyOf(indicator: Counted, row: MetricsRow): Tally {
  if (indicator.type === 'success_rate') {
    const total = Number(row.count ?? 0)
    return { bad: total - Number(row.successes ?? 0), total }
  }
  const total = Number(row.latency_count ?? 0)
  return { bad: total - Math.round(Number(row.latency_within_rate ?? 0) * total), total }
}

const adding = (indicator: Counted) => (sum: Tally, row: MetricsRow) => added(sum, tallyOf(indicator, row))

function queryOf(indicator: Counted, projectId: string | null): MetricsQuery {
  const place = projectId === null ? [] : [{ dimension: 'project_id' as const, op: 'eq' as const, values: [projectId] }]
  const isLatency = indicator.type === 'latency'
  return {
    kind: indicator.kind,
    measures: isLatency ? ['latency_count', 'latency_within_rate'] : ['count', 'successes'],
    ...(isLatency && { within_ms: indicator.threshold_ms }),
    dimensions: [],
    filters: [...indicator.filters, ...place],
    from: '',
    to: '',
    step: 'total',
    time_zone: 'UTC',
    limit: 1000,
  }
}

/** The longest window of an objective that is read by minutes. */
function byMinutes(windowDays: number): number {
  const lengths = burnWindows(windowDays).flatMap(({ long_minutes, short_minutes }) => [long_minutes, short_minutes])
  return Math.max(...lengths.filter((length) => length <= BY_MINUTES_MAX))
}

/** So many whole minutes, and the one that is not over. */
const minutesFrom = (length: number, nowMs: number) => floor(nowMs, MINUTE_MS) - length * MINUTE_MS
const floor = (ms: number, unit: number) => Math.floor(ms / unit) * unit
const iso = (ms: number) => new Date(ms).toISOString()
