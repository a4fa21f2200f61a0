import type { MetricsAnswer, MetricsQuery, MetricsRow } from '../../../../../workers/contract/metrics.ts'
import { addUsd } from '../../money.ts'
import { metricsFilters, type Filters } from '../filters/filters.ts'

/** A range cut in buckets, and the period before it. */
export interface Period {
  from_ms: number
  to_ms: number
  step: 'minute' | 'hour' | 'day'
  zone: string
  buckets: number[]
  previous: { from_ms: number; to_ms: number; buckets: number[] }
}

export interface OverviewScope {
  filters: Filters
}

/** What is counted: calls where they are told apart by what only calls have, else requests. */
export function countedIn({ filters }: OverviewScope): { kind: 'llm' | 'user' | 'request'; one: string; many: string } {
  const isOfModel = filters.model !== undefined || filters.provider !== undefined
  if (isOfModel) return { kind: 'llm', one: 'model call', many: 'model calls' }
  return { kind: filters.user_id === undefined ? 'request' : 'user', one: 'request', many: 'requests' }
}

const TOTAL_MEASURES = [
  'count',
  'errors',
  'successes',
  'success_rate',
  'cost_usd',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'latency_p50_ms',
  'latency_p90_ms',
  'latency_p99_ms',
] as const
type TotalMeasure = (typeof TOTAL_MEASURES)[number]

/** Buckets of this range and of the one that it is compared with, in one answer. */
export function seriesQuery(period: Period, scope: OverviewScope): Partial<MetricsQuery> {
  return {
    ...base(scope, period.previous.buckets[0] ?? period.from_ms, period.to_ms),
    kind: countedIn(scope).kind,
    measures: [...TOTAL_MEASURES],
    step: period.step,
    time_zone: period.zone,
    order: { by: 'time', direction: 'asc' },
    limit: 5000,
  }
}

/** Percentiles cannot be added up from buckets, so the whole range is asked for as well. */
export function totalsQuery(period: Period, scope: OverviewScope): Partial<MetricsQuery> {
  return { ...base(scope, period.from_ms, period.to_ms), kind: countedIn(scope).kind, measures: [...TOTAL_MEASURES] }
}

/** The previous period, as far as this one has got. */
export function previousTotalsQuery(period: Period, scope: OverviewScope, nowMs: number): Partial<MetricsQuery> {
  const complete = period.buckets.filter((_, at) => bucketEnd(period, at) <= nowMs).length
  const to = complete === 0 ? period.previous.to_ms : (period.previous.buckets[complete] ?? period.previous.to_ms)
  return { ...base(scope, period.previous.from_ms, to), kind: countedIn(scope).kind, measures: [...TOTAL_MEASURES] }
}

export const TOP_MAX = 8

/** Requests of each workflow; what they cost comes from the ledger. */
export function workflowsQuery(period: Period, scope: OverviewScope): Partial<MetricsQuery> {
  return {
    ...base(scope, period.from_ms, period.to_ms),
    kind: countedIn(scope).kind,
    dimensions: ['workflow_id'],
    measures: ['count', 'success_rate', 'latency_p90_ms'],
    order: { by: 'count', direction: 'desc' },
    limit: 500,
  }
}

/** Calls, cost and tokens of each model. */
export function modelsQuery(period: Period, scope: OverviewScope): Partial<MetricsQuery> {
  return {
    ...base(scope, period.from_ms, period.to_ms),
    kind: 'llm',
    dimensions: ['provider', 'model'],
    measures: ['count', 'error_rate', 'cost_usd', 'unpriced', 'tokens_total', 'latency_p90_ms'],
    order: { by: 'cost_usd', direction: 'desc' },
    limit: 500,
  }
}

/** What failed by the type of their error. */
export function errorsQuery(period: Period, scope: OverviewScope): Partial<MetricsQuery> {
  return {
    ...base(scope, period.from_ms, period.to_ms),
    kind: countedIn(scope).kind,
    dimensions: ['error_type'],
    measures: ['errors'],
    order: { by: 'errors', direction: 'desc' },
    limit: 100,
  }
}

function base(scope: OverviewScope, fromMs: number, toMs: number): Pick<MetricsQuery, 'from' | 'to' | 'filters'> {
  const filters = metricsFilters(scope)
  return { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), filters }
}

/** One bucket of the time series. Absent latencies are gaps; absent counts are zero. */
export interface Bucket {
  start_ms: number
  end_ms: number
  /** Not over yet, so still growing. */
  partial: boolean
  count: number
  errors: number
  /** Ended well: no error, not cancelled, no outcome "failure". */
  successes: number
  cost_usd: string
  tokens_prompt: number
  tokens_completion: number
  p50_ms: number | null
  p90_ms: number | null
  p99_ms: number | null
}

export interface Series {
  current: Bucket[]
  previous: Bucket[]
  empty: boolean
  approximate: boolean
}

export function shapeSeries(answer: MetricsAnswer, period: Period, nowMs: number): Series {
  const rows = new Map<number, MetricsRow>()
  for (const row of answer.data) rows.set(Date.parse(String(row.time)), row)
  const read = (starts: readonly number[], end: number) =>
    starts.map((start, at) => bucketOf(rows.get(start), start, starts[at + 1] ?? end, nowMs))
  const current = read(period.buckets, period.to_ms)
  const previous = read(period.previous.buckets, period.previous.to_ms)
  const empty = current.every(
    (bucket) => bucket.count === 0 && bucket.tokens_prompt + bucket.tokens_completion === 0 && isZero(bucket.cost_usd),
  )
  return { current, previous, empty, approximate: answer.meta.approximate || answer.meta.sampled }
}

function bucketOf(row: MetricsRow | undefined, start: number, end: number, nowMs: number): Bucket {
  return {
    start_ms: start,
    end_ms: end,
    partial: end > nowMs,
    count: amount(row, 'count') ?? 0,
    errors: amount(row, 'errors') ?? 0,
    successes: amount(row, 'successes') ?? 0,
    cost_usd: usd(row),
    tokens_prompt: amount(row, 'tokens_prompt') ?? 0,
    tokens_completion: amount(row, 'tokens_completion') ?? 0,
    p50_ms: amount(row, 'latency_p50_ms'),
    p90_ms: amount(row, 'latency_p90_ms'),
    p99_ms: amount(row, 'latency_p99_ms'),
  }
}

export interface Totals {
  count: number
  errors: number
  success_rate: number | null
  cost_usd: string
  unpriced: number
  tokens_prompt: number
  tokens_completion: number
  tokens_cached: number
  p50_ms: number | null
  p90_ms: number | null
  p99_ms: number | null
}

export function shapeTotals(answer: MetricsAnswer): Totals {
  const row = answer.data[0]
  const read = (measure: TotalMeasure) => amount(row, measure)
  return {
    count: read('count') ?? 0,
    errors: read('errors') ?? 0,
    success_rate: (read('count') ?? 0) === 0 ? null : read('success_rate'),
    cost_usd: usd(row),
    unpriced: read('unpriced') ?? 0,
    tokens_prompt: read('tokens_prompt') ?? 0,
    tokens_completion: read('tokens_completion') ?? 0,
    tokens_cached: read('tokens_cached') ?? 0,
    p50_ms: read('latency_p50_ms'),
    p90_ms: read('latency_p90_ms'),
    p99_ms: read('latency_p99_ms'),
  }
}

/** How a number moved against the period before: a share of it, or points for a rate. */
export interface Change {
  value: number
  unit: 'share' | 'points'
  /** Whether that is good; null when it means nothing either way. */
  good: boolean | null
}

export interface Changes {
  cost: Change | null
  tokens: Change | null
  count: Change | null
  success_rate: Change | null
  p50: Change | null
  p90: Change | null
  p99: Change | null
}

/** Sums are compared over buckets that are complete, so that the day so far is not held against a whole day. */
export function shapeChanges(series: Series, totals: Totals, previous: Totals): Changes {
  const complete = series.current.flatMap((bucket, at) => (bucket.partial ? [] : [at]))
  const now = sum(complete.map((at) => series.current[at]))
  const before = sum(complete.map((at) => series.previous[at]))
  return {
    cost: share(now.cost, before.cost, 'less'),
    tokens: share(now.tokens, before.tokens, 'neither'),
    count: share(now.count, before.count, 'neither'),
    success_rate: points(now, before),
    p50: share(totals.p50_ms, previous.p50_ms, 'less'),
    p90: share(totals.p90_ms, previous.p90_ms, 'less'),
    p99: share(totals.p99_ms, previous.p99_ms, 'less'),
  }
}

interface Sum {
  cost: number
  tokens: number
  count: number
  successes: number
}

function sum(buckets: readonly (Bucket | undefined)[]): Sum {
  const all = buckets.filter((bucket) => bucket !== undefined)
  return {
    cost: Number(addUsd(all.map((bucket) => bucket.cost_usd))),
    tokens: all.reduce((total, bucket) => total + bucket.tokens_prompt + bucket.tokens_completion, 0),
    count: all.reduce((total, bucket) => total + bucket.count, 0),
    successes: all.reduce((total, bucket) => total + bucket.successes, 0),
  }
}

function share(now: number | null, before: number | null, better: 'less' | 'neither'): Change | null {
  if (now === null || before === null || before <= 0) return null
  const value = (now - before) / before
  return { value, unit: 'share', good: better === 'neither' || value === 0 ? null : value < 0 }
}

function points(now: Sum, before: Sum): Change | null {
  if (now.count === 0 || before.count === 0) return null
  const value = now.successes / now.count - before.successes / before.count
  return { value, unit: 'points', good: value === 0 ? null : value > 0 }
}

export function bucketEnd(period: Period, at: number): number {
  return period.buckets[at + 1] ?? period.to_ms
}

/** A measure of a row as a number; null when it is absent. */
export function amount(row: MetricsRow | undefined, measure: string): number | null {
  const value = row?.[measure]
  if (value === null || value === undefined || value === '') return null
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

export function usd(row: MetricsRow | undefined): string {
  const value = row?.cost_usd
  return typeof value === 'string' ? value : '0.000000000'
}

export function isZero(value: string): boolean {
  return !/[1-9]/.test(value)
}
