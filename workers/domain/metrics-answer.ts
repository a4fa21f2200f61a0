import type { Measure, MetricsAnswer, MetricsRow } from '../contract/metrics.ts'
import { SCORE_UNITS } from './facts.ts'
import { binsOf, mergeInto, quantile, shareWithin } from './histogram.ts'
import { bucketMs, type MetricsPlan } from './metrics-plan.ts'
import { usd, usdPer } from './money.ts'
import type { Histogram } from './rollup-row.ts'

/** Sums of one group; what a back end reads is added into these. */
export interface Sums {
  n: number
  errors: number
  successes: number
  cost_nanousd: bigint
  paid: number
  unpriced: number
  tokens_prompt: number
  tokens_completion: number
  tokens_cached: number
  tokens_cache_write: number
  tokens_reasoning: number
  latency_sum_ms: number
  latency_n: number
  latency_hist: Histogram
  unique_users: number
  unique_agents: number
  /** Percentiles by measure, from a back end that computes them itself. */
  percentiles: Partial<Record<Measure, number | null>>
  /** Share of latencies within the limit, from a back end that computes it itself. */
  within: number | null
}

export const COUNT_SUMS = ['n', 'errors', 'successes', 'latency_sum_ms', 'latency_n'] as const
export const MONEY_SUMS = [
  'paid',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
] as const
const NUMBERS = [...COUNT_SUMS, ...MONEY_SUMS, 'unique_users', 'unique_agents'] as const

interface Group {
  time: number
  dimensions: readonly string[]
  sums: Sums
}

/** Gathers sums under the time and dimensions that a plan asks for, and computes its measures. */
export class Answer {
  private readonly plan: MetricsPlan
  private readonly groups = new Map<string, Group>()

  constructor(plan: MetricsPlan) {
    this.plan = plan
    // A total without dimensions is a row even where nothing happened.
    if (plan.step === 'total' && plan.dimensions.length === 0) this.add(0, [], {})
  }

  /** @param time start of the bucket; 0 when the step is total. */
  add(time: number, dimensions: readonly string[], part: Partial<Sums>): void {
    const key = `${time}\0${dimensions.join('\0')}`
    let group = this.groups.get(key)
    if (group === undefined) {
      group = { time, dimensions, sums: emptySums() }
      this.groups.set(key, group)
    }
    const { sums } = group
    for (const name of NUMBERS) sums[name] += part[name] ?? 0
    sums.cost_nanousd += part.cost_nanousd ?? 0n
    if (part.latency_hist) mergeInto(sums.latency_hist, part.latency_hist)
    if (part.percentiles) Object.assign(sums.percentiles, part.percentiles)
    if (part.within !== undefined) sums.within = part.within
  }

  /** @param cut whether the back end has left groups out. */
  finish(meta: Pick<MetricsAnswer['meta'], 'back_end' | 'sampled'>, cut = false): MetricsAnswer {
    const { limit, from_ms, to_ms, histogram } = this.plan
    const rows = [...this.groups.values()].map((group) => this.rowOf(group)).sort(this.comparator())
    return {
      data: rows.slice(0, limit),
      meta: {
        ...meta,
        approximate: histogram || meta.sampled,
        truncated: cut || rows.length > limit,
        from: new Date(from_ms).toISOString(),
        to: new Date(to_ms).toISOString(),
      },
    }
  }

  private rowOf({ time, dimensions, sums }: Group): MetricsRow {
    const row: MetricsRow = {}
    if (this.plan.step !== 'total') row.time = new Date(time).toISOString()
    this.plan.dimensions.forEach((name, i) => (row[name] = dimensions[i] ?? ''))
    for (const measure of this.plan.measures) row[measure] = measureOf(measure, sums, this.plan, time)
    return row
  }

  /** As asked, then by time and dimensions, so that equal rows keep one order. */
  private comparator(): (a: MetricsRow, b: MetricsRow) => number {
    const { order, step, measures, dimensions } = this.plan
    const by = order?.by ?? (step === 'total' ? (measures[0] ?? 'time') : 'time')
    const sign = (order?.direction ?? (by === 'time' ? 'asc' : 'desc')) === 'asc' ? 1 : -1
    const rest = ['time', ...dimensions]
    return (a, b) => {
      const first = sign * compare(by, a[by] ?? null, b[by] ?? null)
      if (first !== 0) return first
      for (const name of rest) {
        const next = compare(name, a[name] ?? null, b[name] ?? null)
        if (next !== 0) return next
      }
      return 0
    }
  }
}

type Value = MetricsRow[string]

function compare(name: string, a: Value, b: Value): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  if (name.endsWith('_usd')) return compareUsd(String(a), String(b))
  return String(a) < String(b) ? -1 : 1
}

/** Amounts have nine decimals each: without the point they are integers of any size. */
function compareUsd(a: string, b: string): number {
  const difference = BigInt(a.replace('.', '')) - BigInt(b.replace('.', ''))
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function emptySums(): Sums {
  return {
    n: 0,
    errors: 0,
    successes: 0,
    cost_nanousd: 0n,
    paid: 0,
    unpriced: 0,
    tokens_prompt: 0,
    tokens_completion: 0,
    tokens_cached: 0,
    tokens_cache_write: 0,
    tokens_reasoning: 0,
    latency_sum_ms: 0,
    latency_n: 0,
    latency_hist: {},
    unique_users: 0,
    unique_agents: 0,
    percentiles: {},
    within: null,
  }
}

const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole)
const QUANTILES: Partial<Record<Measure, number>> = {
  latency_p50_ms: 0.5,
  latency_p90_ms: 0.9,
  latency_p99_ms: 0.99,
  value_p50: 0.5,
  value_p90: 0.9,
  value_p99: 0.99,
}

/** The quantile that a measure names, undefined for one that is no percentile. */
export function quantileOf(measure: Measure): number | undefined {
  return QUANTILES[measure]
}

function measureOf(measure: Measure, s: Sums, plan: MetricsPlan, time: number): MetricsRow[string] {
  const q = quantileOf(measure)
  if (q !== undefined) return measure in s.percentiles ? (s.percentiles[measure] ?? null) : quantile(s.latency_hist, q)
  switch (measure) {
    case 'count':
      return plan.kind === 'leak' ? s.paid : s.n
    case 'errors':
      return s.errors
    case 'successes':
      return s.successes
    case 'success_rate':
      return ratio(s.successes, s.n)
    case 'error_rate':
      return ratio(s.errors, s.n)
    // Little's law: how many run at once is how often they come times how long they take (J. Little, "A Proof for the
    // Queuing Formula L = λW", Operations Research 9, 1961).
    case 'concurrency_avg':
      return s.latency_sum_ms / bucketMs(plan, time)
    case 'latency_avg_ms':
    case 'value_avg':
      return ratio(s.latency_sum_ms, s.latency_n)
    case 'latency_count':
      return s.latency_n
    case 'latency_within_rate':
      return s.within ?? shareWithin(s.latency_hist, plan.within_ms ?? 0)
    case 'score_avg':
    case 'score_stddev':
      return scoreMeasure(measure, s)
    case 'pii_detected':
      return s.errors
    case 'pii_redacted':
      return s.successes
    case 'latency_histogram':
      return binsOf(s.latency_hist)
    case 'unique_users':
      return s.unique_users
    case 'unique_agents':
      return s.unique_agents
    default:
      return plan.money_kinds.length > 0 ? paidMeasure(measure, s) : null
  }
}

/** From sums in millionths: the mean, and the sample's standard deviation (n − 1), which two scores have at least. */
function scoreMeasure(measure: 'score_avg' | 'score_stddev', s: Sums): number | null {
  const mean = ratio(s.latency_sum_ms, s.n * SCORE_UNITS)
  if (measure === 'score_avg' || mean === null) return mean
  if (s.n < 2) return null
  const squares = s.successes / SCORE_UNITS - s.n * mean * mean
  return Math.sqrt(Math.max(0, squares) / (s.n - 1))
}

function paidMeasure(measure: Measure, s: Sums): string | number | null {
  switch (measure) {
    case 'cost_usd':
      return usd(s.cost_nanousd)
    case 'unpriced':
      return s.unpriced
    case 'tokens_prompt':
      return s.tokens_prompt
    case 'tokens_completion':
      return s.tokens_completion
    case 'tokens_total':
      return s.tokens_prompt + s.tokens_completion
    case 'tokens_cached':
      return s.tokens_cached
    case 'tokens_cache_write':
      return s.tokens_cache_write
    case 'tokens_reasoning':
      return s.tokens_reasoning
    case 'cache_hit_rate':
      return ratio(s.tokens_cached, s.tokens_prompt)
    case 'cost_per_success_usd':
      return usdPer(s.cost_nanousd, s.successes)
    case 'cost_avg_usd':
      return usdPer(s.cost_nanousd, s.n)
    default:
      return null
  }
}
