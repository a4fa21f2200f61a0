import { DIMENSIONS, type Dimension, type Kind, type Measure, type MetricsQuery } from '../contract/metrics.ts'
import { AppError } from './errors.ts'
import { HOUR_MS } from './rollup-merge.ts'
import { dayStart, isTimeZone, offsetSpans, type OffsetSpan } from './time-zone.ts'

/** Dimensions that rows of each kind carry; the others are empty there. */
const COMMON: Dimension[] = ['workspace_id', 'project_id', 'environment']
const WORK: Dimension[] = [...COMMON, 'agent_id', 'workflow_id', 'workflow_version', 'status', 'error_type']
const CARRIED: Record<Kind, readonly Dimension[]> = {
  total: COMMON,
  user: [...COMMON, 'user_id'],
  request: WORK,
  step: [...WORK, 'step'],
  llm: [...WORK, 'step', 'provider', 'model', 'prompt_version'],
  tool: [...WORK, 'step', 'tool_name'],
  retry: [...WORK, 'provider', 'model'],
  fallback: [...WORK, 'provider', 'model'],
  policy: [...WORK, 'tool_name'],
}
const MINUTE_MS = 60_000
const MINUTE_RANGE_MAX_MS = 6 * HOUR_MS
const MINUTE_AGE_MAX_MS = 3 * 86_400_000
const RANGE_MAX_MS = 400 * 86_400_000

/** Kinds whose events can cost money. */
const MONEY_KINDS: Kind[] = ['request', 'llm', 'tool', 'step', 'retry']

export interface MetricsPlan {
  /** What is counted. */
  kind: Kind
  /** Whose money is summed: a request costs what everything in it cost. */
  money_kinds: Kind[]
  dimensions: Dimension[]
  filters: MetricsQuery['filters']
  measures: Measure[]
  /** Inclusive, exclusive; cut to whole buckets of the stored resolution. */
  from_ms: number
  to_ms: number
  /** Resolution of what is read. */
  bucket_ms: number
  step: MetricsQuery['step']
  time_zone: string
  offsets: OffsetSpan[]
  needs_histogram: boolean
  order: MetricsQuery['order']
  limit: number
}

/** Checks a query and settles how it is answered, for every back end alike. @throws AppError invalid_input. */
export function planMetrics(query: MetricsQuery, nowMs: number): MetricsPlan {
  const fromMs = Date.parse(query.from)
  const toMs = Date.parse(query.to)
  if (toMs <= fromMs) throw invalid('/to', 'The end must be after the start.')
  if (toMs - fromMs > RANGE_MAX_MS) throw invalid('/from', 'A range holds 400 days at most.')
  if (!isTimeZone(query.time_zone)) throw invalid('/time_zone', `"${query.time_zone}" is not an IANA time zone, like Europe/Berlin.`)
  const kind = narrowest(query)
  for (const dimension of [...query.dimensions, ...query.filters.map((f) => f.dimension)]) {
    if (!CARRIED[kind].includes(dimension)) throw invalid('/dimensions', `Rows of kind "${kind}" carry no ${dimension}; they carry ${CARRIED[kind].join(', ')}.`)
  }
  const minutes = query.step === 'minute'
  if (minutes && (toMs - fromMs > MINUTE_RANGE_MAX_MS || fromMs < nowMs - MINUTE_AGE_MAX_MS)) {
    throw invalid('/step', 'Minutes are kept for three days and read up to six hours at once: use step "hour".')
  }
  const bucket = minutes || (toMs - fromMs <= MINUTE_RANGE_MAX_MS && fromMs >= nowMs - MINUTE_AGE_MAX_MS) ? MINUTE_MS : HOUR_MS
  const from_ms = Math.floor(fromMs / bucket) * bucket
  const to_ms = Math.ceil(toMs / bucket) * bucket
  const byResult = [...query.dimensions, ...query.filters.map((f) => f.dimension)].some((d) => d === 'status' || d === 'error_type')
  const money = query.measures.some((m) => m.startsWith('tokens') || m === 'cost_usd' || m === 'unpriced' || m === 'cache_hit_rate')
  return {
    money_kinds: kind === 'request' && money && !byResult ? MONEY_KINDS : [kind],
    kind, dimensions: query.dimensions, filters: query.filters, measures: query.measures, from_ms, to_ms, bucket_ms: bucket, step: query.step,
    time_zone: query.time_zone, offsets: query.step === 'day' ? offsetSpans(query.time_zone, from_ms, to_ms) : [],
    needs_histogram: query.measures.some((m) => m.startsWith('latency_p')), order: query.order, limit: query.limit,
  }
}

/** Requests without any dimension beyond place are read from `total`, which is a row an hour. */
function narrowest(query: MetricsQuery): Kind {
  const asked = new Set([...query.dimensions, ...query.filters.map((f) => f.dimension)])
  if (query.kind === 'request' && [...asked].every((d) => COMMON.includes(d))) return 'total'
  return query.kind
}

/** The bucket of a row's time in the answer, as epoch milliseconds; 0 when the step is total. */
export function bucketOfTime(plan: MetricsPlan, ms: number): number {
  if (plan.step === 'total') return 0
  if (plan.step === 'minute') return Math.floor(ms / MINUTE_MS) * MINUTE_MS
  if (plan.step === 'hour') return Math.floor(ms / HOUR_MS) * HOUR_MS
  let offset = plan.offsets[0]?.offset_ms ?? 0
  for (const span of plan.offsets) if (span.from_ms <= ms) offset = span.offset_ms
  return dayStart(plan.time_zone, Math.floor((ms + offset) / 86_400_000))
}

export function isDimension(name: string): name is Dimension {
  return (DIMENSIONS as readonly string[]).includes(name)
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
