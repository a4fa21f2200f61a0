import type { Dimension, Measure, MetricsAnswer, MetricsRow } from '../contract/metrics.ts'
import { mergeInto, quantile } from './histogram.ts'
import { bucketOfTime, type MetricsPlan } from './metrics-plan.ts'
import { usd } from './money.ts'
import type { Histogram } from './rollup-row.ts'

/** Sums of one group; whatever a back end reads is added into these. */
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
}

export type PartialRow = { bucket_ms: number } & Partial<Record<Dimension, string>> & Partial<Sums>

const COUNTED = [
  'n', 'errors', 'successes', 'paid', 'unpriced', 'tokens_prompt', 'tokens_completion', 'tokens_cached', 'tokens_cache_write', 'tokens_reasoning',
  'latency_sum_ms', 'latency_n',
] as const

interface Group {
  time: number
  dimensions: string[]
  sums: Sums
}

/** Groups partial rows as a plan asks and computes its measures. */
export class Answer {
  private readonly plan: MetricsPlan
  private readonly groups = new Map<string, Group>()

  constructor(plan: MetricsPlan) {
    this.plan = plan
  }

  add(row: PartialRow): void {
    const { sums } = this.group(row)
    for (const name of COUNTED) sums[name] += row[name] ?? 0
    if (row.cost_nanousd !== undefined) sums.cost_nanousd += row.cost_nanousd
    if (row.latency_hist) mergeInto(sums.latency_hist, row.latency_hist)
  }

  finish(meta: Pick<MetricsAnswer['meta'], 'back_end' | 'sampled'>): MetricsAnswer {
    const rows = [...this.groups.values()].map((group) => this.rowOf(group))
    rows.sort(this.comparator())
    return { data: rows.slice(0, this.plan.limit), meta: { ...meta, approximate: this.plan.needs_histogram || meta.sampled, truncated: rows.length > this.plan.limit } }
  }

  private group(row: PartialRow): Group {
    const time = bucketOfTime(this.plan, row.bucket_ms)
    const dimensions = this.plan.dimensions.map((name) => row[name] ?? '')
    const key = `${time}\n${dimensions.join('\n')}`
    let group = this.groups.get(key)
    if (group === undefined) {
      group = { time, dimensions, sums: emptySums() }
      this.groups.set(key, group)
    }
    return group
  }

  private rowOf({ time, dimensions, sums }: Group): MetricsRow {
    const row: MetricsRow = {}
    if (this.plan.step !== 'total') row.time = new Date(time).toISOString()
    this.plan.dimensions.forEach((name, i) => (row[name] = dimensions[i] ?? ''))
    for (const measure of this.plan.measures) row[measure] = measureOf(measure, sums)
    return row
  }

  private comparator(): (a: MetricsRow, b: MetricsRow) => number {
    const by = this.plan.order?.by ?? (this.plan.step === 'total' ? this.plan.measures[0] : 'time')
    const sign = (this.plan.order?.direction ?? (by === 'time' ? 'asc' : 'desc')) === 'asc' ? 1 : -1
    const key = by ?? 'time'
    return (a, b) => sign * compare(a[key] ?? null, b[key] ?? null)
  }
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0
  if (a === null) return -1
  if (b === null) return 1
  // Amounts are decimal strings: numbers are close enough to sort by.
  const [x, y] = [Number(a), Number(b)]
  return Number.isNaN(x) || Number.isNaN(y) ? String(a).localeCompare(String(b)) : x - y
}

function emptySums(): Sums {
  return {
    n: 0, errors: 0, successes: 0, cost_nanousd: 0n, paid: 0, unpriced: 0, tokens_prompt: 0, tokens_completion: 0, tokens_cached: 0,
    tokens_cache_write: 0, tokens_reasoning: 0, latency_sum_ms: 0, latency_n: 0, latency_hist: {},
  }
}

const ratio = (part: number, whole: number) => (whole === 0 ? null : part / whole)

function measureOf(measure: Measure, s: Sums): string | number | null {
  switch (measure) {
    case 'count': return s.n
    case 'errors': return s.errors
    case 'successes': return s.successes
    case 'success_rate': return ratio(s.successes, s.n)
    case 'error_rate': return ratio(s.errors, s.n)
    case 'cost_usd': return usd(s.cost_nanousd)
    case 'unpriced': return s.unpriced
    case 'tokens_prompt': return s.tokens_prompt
    case 'tokens_completion': return s.tokens_completion
    case 'tokens_total': return s.tokens_prompt + s.tokens_completion
    case 'tokens_cached': return s.tokens_cached
    case 'tokens_cache_write': return s.tokens_cache_write
    case 'tokens_reasoning': return s.tokens_reasoning
    case 'cache_hit_rate': return ratio(s.tokens_cached, s.tokens_prompt)
    case 'latency_avg_ms': return ratio(s.latency_sum_ms, s.latency_n)
    case 'latency_p50_ms': return quantile(s.latency_hist, 0.5)
    case 'latency_p90_ms': return quantile(s.latency_hist, 0.9)
    case 'latency_p99_ms': return quantile(s.latency_hist, 0.99)
    // Filled by the back end, which counts distinct names; null where it did not.
    case 'unique_users': return null
    case 'unique_agents': return null
  }
}
