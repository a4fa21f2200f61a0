import type { Dimension, Kind, Measure, MetricsQuery } from '../contract/metrics.ts'
import { AppError } from './errors.ts'
import { checkMeasures } from './metrics-facts.ts'
import { DAY_MS, HOUR_MS } from './rollup-merge.ts'
import { columnOf } from './rollup-row.ts'
import { dayStart, isTimeZone, nextDayStart, offsetSpans, type OffsetSpan } from './time-zone.ts'

const PLACE: Dimension[] = ['workspace_id', 'project_id', 'environment']
const WHO: Dimension[] = [...PLACE, 'agent_id', 'workflow_id', 'workflow_version']
const WORK: Dimension[] = [...WHO, 'status', 'error_type']
/** Dimensions that rows of each kind carry; the others are empty there. */
export const CARRIED: Record<Kind, readonly Dimension[]> = {
  total: PLACE,
  user: [...PLACE, 'user_id'],
  request: WORK,
  step: [...WORK, 'step'],
  llm: [...WORK, 'step', 'provider', 'model', 'prompt_version'],
  tool: [...WORK, 'step', 'tool_name'],
  retry: [...WORK, 'provider', 'model'],
  fallback: [...WORK, 'provider', 'model'],
  // `tool_name` and `status` are what `policy_id` and `policy_result` were called at first.
  policy: [...WORK, 'tool_name', 'policy_id', 'policy_result'],
  trace: [...WORK, 'outcome'],
  score: [...WHO, 'step', 'provider', 'model', 'prompt_version', 'score_name'],
  egress: [...WHO, 'step', 'tool_name', 'egress_host'],
  pii: [...WHO, 'step', 'tool_name', 'pii_type'],
  queue: WHO,
  leak: [...WHO, 'step', 'provider', 'model', 'tool_name', 'leak'],
}
/** Kinds whose events can cost money. */
export const MONEY_KINDS: readonly Kind[] = ['request', 'llm', 'tool', 'step', 'retry']

const MINUTE_MS = 60_000
const MINUTE_RANGE_MAX_MS = 6 * HOUR_MS
/** Minutes are read from deltas, which are kept three days: an hour less, so that none is cut while it is read. */
const MINUTE_AGE_MAX_MS = 3 * DAY_MS - HOUR_MS
const RANGE_MAX_MS = 400 * DAY_MS

/** A way to read that every back end can follow: what is summed, over which time, by what. */
export interface MetricsPlan {
  /** What is counted. */
  kind: Kind
  /** Whose money is summed: a request costs what everything in it cost. Empty when no money is asked for. */
  money_kinds: readonly Kind[]
  dimensions: Dimension[]
  filters: MetricsQuery['filters']
  measures: Measure[]
  /** Of `latency_within_rate`; null when it is not asked for. */
  within_ms: number | null
  /** What is really read, to the minute: inclusive, exclusive. */
  from_ms: number
  to_ms: number
  /** The end, or now where that is earlier: nothing has happened later. */
  until_ms: number
  /** The whole hours of it, for a back end that keeps hours; the rest is read from minutes. */
  hours: { from_ms: number; to_ms: number }
  step: MetricsQuery['step']
  time_zone: string
  /** UTC offsets over the range, when days are cut. */
  offsets: OffsetSpan[]
  counts: boolean
  histogram: boolean
  order: MetricsQuery['order']
  limit: number
}

/** Checks a query and settles how it is answered, for every back end alike. @throws AppError invalid_input. */
export function planMetrics(query: MetricsQuery, nowMs: number): MetricsPlan {
  const kind = narrowest(query)
  checkMeasures(query)
  checkDimensions(query, kind)
  const range = rangeOf(query, kind, nowMs)
  return {
    ...range,
    until_ms: Math.min(range.to_ms, Math.max(nowMs, range.from_ms + MINUTE_MS)),
    kind,
    money_kinds: moneyKinds(query, kind),
    dimensions: query.dimensions,
    filters: query.filters,
    measures: query.measures,
    within_ms: withinOf(query),
    step: query.step,
    time_zone: query.time_zone,
    offsets: query.step === 'day' ? offsetSpans(query.time_zone, range.from_ms, range.to_ms) : [],
    // Leaks are counted by their entries in the ledger, as money is.
    counts: kind !== 'leak' && query.measures.some((m) => COUNTED.has(m)),
    histogram: query.measures.some((m) => /^(latency|value)_p/.test(m) || BINNED.has(m)),
    order: query.order,
    limit: query.limit,
  }
}

const COUNTED = new Set<Measure>([
  'count',
  'errors',
  'successes',
  'success_rate',
  'error_rate',
  'latency_avg_ms',
  'latency_count',
  'cost_per_success_usd',
  'cost_avg_usd',
  'concurrency_avg',
  'score_avg',
  'score_stddev',
  'pii_detected',
  'pii_redacted',
  'value_avg',
])
const BINNED = new Set<Measure>(['latency_within_rate', 'latency_histogram'])
const PAID = new Set<Measure>([
  'cost_usd',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_total',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'cache_hit_rate',
  'cost_per_success_usd',
  'cost_avg_usd',
])

/** Requests without any dimension beyond place are read from `total`, which is a row an hour. */
function narrowest(query: MetricsQuery): Kind {
  return query.kind === 'request' && asked(query).every((d) => PLACE.includes(d)) ? 'total' : query.kind
}

function asked(query: MetricsQuery): Dimension[] {
  return [...query.dimensions, ...query.filters.map((f) => f.dimension)]
}

function checkDimensions(query: MetricsQuery, kind: Kind): void {
  for (const dimension of asked(query)) {
    if (CARRIED[kind].includes(dimension)) continue
    throw invalid(
      '/dimensions',
      `Rows of kind "${kind}" carry no ${dimension}; they carry ${CARRIED[kind].join(', ')}.`,
    )
  }
  if (new Set(query.dimensions).size < query.dimensions.length)
    throw invalid('/dimensions', 'A dimension can be asked for once.')
  checkUnique(query, 'unique_users', PLACE)
  checkUnique(query, 'unique_agents', CARRIED.request)
  const by = query.order?.by
  if (by === 'latency_histogram') throw invalid('/order/by', 'Histograms have no order: order by a percentile.')
  const known: readonly string[] = [...query.measures, ...query.dimensions, ...(query.step === 'total' ? [] : ['time'])]
  if (by !== undefined && !known.includes(by))
    throw invalid('/order/by', `Order by what the query asks for: ${known.join(', ')}.`)
}

function checkUnique(query: MetricsQuery, measure: Measure, carried: readonly Dimension[]): void {
  const odd = query.measures.includes(measure) ? asked(query).find((d) => !carried.includes(d)) : undefined
  if (odd !== undefined)
    throw invalid('/measures', `${measure} cannot be told apart by ${odd}; it can by ${carried.join(', ')}.`)
}

function withinOf({ measures, within_ms }: MetricsQuery): number | null {
  const isAsked = measures.includes('latency_within_rate')
  if (isAsked && within_ms === undefined)
    throw invalid('/within_ms', 'latency_within_rate needs within_ms: how many milliseconds are within.')
  if (!isAsked && within_ms !== undefined)
    throw invalid('/within_ms', 'within_ms is for latency_within_rate, which is not asked for.')
  return within_ms ?? null
}

/** Money has no status but that of its trace: where other rows are told apart by it, none is given. */
function moneyKinds(query: MetricsQuery, kind: Kind): readonly Kind[] {
  if (kind === 'leak') return [kind]
  const byResult = asked(query).some((d) => ['status', 'error_type'].includes(columnOf(kind, d)))
  if ((byResult && kind !== 'trace') || !query.measures.some((m) => PAID.has(m))) return []
  return kind === 'request' ? MONEY_KINDS : [kind]
}

/**
 * Ends older than three days are cut to the hour below, so that neighbouring ranges neither overlap nor part. So are
 * all ends for traces, which are summed by the hour only.
 */
function rangeOf(query: MetricsQuery, kind: Kind, nowMs: number): Pick<MetricsPlan, 'from_ms' | 'to_ms' | 'hours'> {
  const fromMs = Date.parse(query.from)
  const toMs = Date.parse(query.to)
  if (toMs <= fromMs) throw invalid('/to', 'The end must be after the start.')
  if (toMs - fromMs > RANGE_MAX_MS) throw invalid('/from', 'A range holds 400 days at most.')
  if (!isTimeZone(query.time_zone))
    throw invalid('/time_zone', `"${query.time_zone}" is not an IANA time zone, like Europe/Berlin.`)
  const recent = (ms: number) => kind !== 'trace' && ms >= nowMs - MINUTE_AGE_MAX_MS
  if (query.step === 'minute') {
    if (kind === 'trace') throw invalid('/step', 'Traces are summed by the hour: use step "hour".')
    if (toMs - fromMs > MINUTE_RANGE_MAX_MS || !recent(fromMs)) {
      throw invalid('/step', 'Minutes are kept for three days and read up to six hours at once: use step "hour".')
    }
    const to_ms = ceil(toMs, MINUTE_MS)
    return { from_ms: floor(fromMs, MINUTE_MS), to_ms, hours: { from_ms: to_ms, to_ms } }
  }
  const from_ms = floor(fromMs, recent(fromMs) ? MINUTE_MS : HOUR_MS)
  // Nothing lies beyond now, so an end there may as well be the hour's.
  const ends = toMs >= nowMs ? ceil(toMs, HOUR_MS) : recent(toMs) ? ceil(toMs, MINUTE_MS) : floor(toMs, HOUR_MS)
  const to_ms = Math.max(ends, from_ms + (recent(fromMs) ? MINUTE_MS : HOUR_MS))
  const first = ceil(from_ms, HOUR_MS)
  const last = floor(to_ms, HOUR_MS)
  return { from_ms, to_ms, hours: first < last ? { from_ms: first, to_ms: last } : { from_ms: to_ms, to_ms } }
}

/** Whether hours are told apart in the answer by something that UTC days cannot tell. */
export function needsHours(plan: Pick<MetricsPlan, 'step' | 'offsets'>): boolean {
  return (
    plan.step === 'hour' ||
    plan.step === 'minute' ||
    (plan.step === 'day' && plan.offsets.some((span) => span.offset_ms !== 0))
  )
}

/** How long the bucket that begins at `time` is, as far as it lies within the range and has passed; a minute at least. */
export function bucketMs({ step, from_ms, until_ms, time_zone }: MetricsPlan, time: number): number {
  if (step === 'total') return until_ms - from_ms
  const end = step === 'day' ? nextDayStart(time_zone, time) : time + (step === 'hour' ? HOUR_MS : MINUTE_MS)
  return Math.max(MINUTE_MS, Math.min(end, until_ms) - Math.max(time, from_ms))
}

/** The start of the local day with this index; days of hourly rows belong to the day that their hour begins in. */
export function dayTime(plan: Pick<MetricsPlan, 'time_zone'>, dayIndex: number): number {
  return dayStart(plan.time_zone, dayIndex)
}

const floor = (ms: number, unit: number) => Math.floor(ms / unit) * unit
const ceil = (ms: number, unit: number) => Math.ceil(ms / unit) * unit

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
