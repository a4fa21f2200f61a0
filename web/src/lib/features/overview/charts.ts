import type { ChartSeries } from '../../ui/chart/series.ts'
import type { Bucket, Series } from './overview.ts'

/** How numbers are said; given, so that the shapes stay pure. */
export interface Says {
  usd: (usd: string) => string
  count: (count: number) => string
  duration: (ms: number) => string
}

type Read = (bucket: Bucket) => number | null
const COLORS = {
  spend: 'var(--color-series-1)',
  requests: 'var(--color-series-1)',
  unmet: 'var(--color-warning)',
  errors: 'var(--color-danger)',
  prompt: 'var(--color-series-2)',
  completion: 'var(--color-series-5)',
}

/** Money over time. Floats only place the pixels: what is said is the exact amount. */
export function spendSeries(series: Series, says: Says): ChartSeries[] {
  return [
    one(
      'spend',
      'Spend',
      'bar',
      COLORS.spend,
      series,
      (bucket) => Number(bucket.cost_usd),
      (bucket) => says.usd(bucket.cost_usd),
      true,
    ),
  ]
}

/** Requests that succeeded below; on top of them those that ended without success, and those that failed. */
export function requestSeries(series: Series, says: Says): ChartSeries[] {
  const total = series.previous.map((bucket) => bucket.count)
  const good = one(
    'ok',
    'Succeeded',
    'bar',
    COLORS.requests,
    series,
    (bucket) => bucket.successes,
    (bucket) => says.count(bucket.successes),
  )
  const unmet = (bucket: Bucket) => Math.max(0, bucket.count - bucket.successes - bucket.errors)
  const poor = one('unmet', 'Without success', 'bar', COLORS.unmet, series, unmet, (bucket) =>
    says.count(unmet(bucket)),
  )
  const bad = one(
    'errors',
    'Failed',
    'bar',
    COLORS.errors,
    series,
    (bucket) => bucket.errors,
    (bucket) => says.count(bucket.errors),
  )
  const before = (at: number) => `${says.count(total[at] ?? 0)} in all`
  return [good, poor, withGhost(bad, total, before)].map((one) => ({ ...one, whole: true }))
}

/** Tokens in and out. */
export function tokenSeries(series: Series, says: Says): ChartSeries[] {
  const total = series.previous.map((bucket) => bucket.tokens_prompt + bucket.tokens_completion)
  const prompt = one(
    'prompt',
    'Prompt',
    'bar',
    COLORS.prompt,
    series,
    (bucket) => bucket.tokens_prompt,
    (bucket) => says.count(bucket.tokens_prompt),
  )
  const completion = one(
    'completion',
    'Completion',
    'bar',
    COLORS.completion,
    series,
    (bucket) => bucket.tokens_completion,
    (bucket) => says.count(bucket.tokens_completion),
  )
  return [prompt, withGhost(completion, total, (at) => `${says.count(total[at] ?? 0)} in all`)].map((one) => ({
    ...one,
    whole: true,
  }))
}

/** Percentiles of request latency. Only p90 has a ghost: three would hide what is now. */
export function latencySeries(series: Series, says: Says): ChartSeries[] {
  const said = (ms: number | null) => (ms === null ? '–' : says.duration(ms))
  return [
    one(
      'p50',
      'p50',
      'line',
      'var(--color-series-3)',
      series,
      (bucket) => bucket.p50_ms,
      (bucket) => said(bucket.p50_ms),
    ),
    one(
      'p90',
      'p90',
      'line',
      'var(--color-series-1)',
      series,
      (bucket) => bucket.p90_ms,
      (bucket) => said(bucket.p90_ms),
      true,
    ),
    one(
      'p99',
      'p99',
      'line',
      'var(--color-series-4)',
      series,
      (bucket) => bucket.p99_ms,
      (bucket) => said(bucket.p99_ms),
    ),
  ]
}

function one(
  key: string,
  label: string,
  kind: ChartSeries['kind'],
  color: string,
  series: Series,
  read: Read,
  say: (bucket: Bucket) => string,
  ghost = false,
): ChartSeries {
  const text = (buckets: readonly Bucket[]) => (at: number) => {
    const bucket = buckets[at]
    return bucket === undefined ? '–' : say(bucket)
  }
  const base: ChartSeries = { key, label, kind, color, values: series.current.map(read), text: text(series.current) }
  return ghost ? withGhost(base, series.previous.map(read), text(series.previous)) : base
}

/** A period in which nothing happened has no ghost: a line along zero says nothing. */
function withGhost(
  series: ChartSeries,
  previous: (number | null)[],
  previousText: (at: number) => string,
): ChartSeries {
  return previous.some((value) => value !== null && value !== 0) ? { ...series, previous, previousText } : series
}
