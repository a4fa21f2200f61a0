import type { LatencyBins } from '../contract/metrics.ts'
import type { Histogram } from './rollup-row.ts'

/**
 * Mergeable log-bucket histogram with a relative error of at most ALPHA (DDSketch: Masson, Rim, Lee,
 * "DDSketch: a fast and fully-mergeable quantile sketch", VLDB 2019). Bucket i holds (γ^(i−1), γ^i].
 */
export const ALPHA = 0.02
const GAMMA = (1 + ALPHA) / (1 - ALPHA)
export const LOG_GAMMA = Math.log(GAMMA)
/** Values up to this many milliseconds share the bucket `z`. */
export const ZERO_MAX = 0.001

/** A value on the edge of a bucket stays in it, whatever the logarithm's last digit. */
export const ROUNDING = 1e-9

export function bucketOf(value: number): string {
  return value <= ZERO_MAX ? 'z' : String(Math.ceil(Math.log(value) / LOG_GAMMA - ROUNDING))
}

/** The value that represents a bucket: within ALPHA of every value in it. */
export function valueOf(bucket: string): number {
  return bucket === 'z' ? 0 : (2 * GAMMA ** Number(bucket)) / (GAMMA + 1)
}

export function addTo(histogram: Histogram, value: number, n = 1): void {
  const bucket = bucketOf(value)
  histogram[bucket] = (histogram[bucket] ?? 0) + n
}

export function mergeInto(target: Histogram, source: Histogram): void {
  for (const bucket in source) target[bucket] = (target[bucket] ?? 0) + (source[bucket] ?? 0)
}

/**
 * Merges a stored histogram without parsing it into an object first: a query may read thousands. Takes the
 * text with its keys quoted or bare, `{"12":3}` or `{12:3}`.
 */
export function mergeText(target: Histogram, text: string): void {
  let from = 1
  while (from < text.length - 1) {
    const colon = text.indexOf(':', from)
    if (colon < 0) return
    const comma = text.indexOf(',', colon)
    const end = comma < 0 ? text.length - 1 : comma
    const quoted = text.charCodeAt(from) === QUOTE
    const bucket = quoted ? text.slice(from + 1, colon - 1) : text.slice(from, colon)
    target[bucket] = (target[bucket] ?? 0) + Number(text.slice(colon + 1, end))
    from = end + 1
  }
}

const QUOTE = 34

/** The q-quantile (0 to 1), null when the histogram is empty. */
export function quantile(histogram: Histogram, q: number): number | null {
  const buckets = ordered(histogram)
  const total = buckets.reduce((sum, [, n]) => sum + n, 0)
  if (total === 0) return null
  const rank = q * (total - 1)
  let seen = 0
  for (const [bucket, n] of buckets) {
    seen += n
    if (seen > rank) return valueOf(bucket)
  }
  return valueOf(buckets.at(-1)?.[0] ?? 'z')
}

/** The share of values up to `limit`, null when the histogram is empty; values within ALPHA of it may count either way. */
export function shareWithin(histogram: Histogram, limit: number): number | null {
  let total = 0
  let within = 0
  for (const bucket in histogram) {
    const n = histogram[bucket] ?? 0
    total += n
    if (valueOf(bucket) <= limit) within += n
  }
  return total === 0 ? null : within / total
}

/** Its buckets from the least up, each with its edges: above the first, up to the second. */
export function binsOf(histogram: Histogram): LatencyBins {
  return ordered(histogram).map(([bucket, n]) =>
    bucket === 'z' ? [0, ZERO_MAX, n] : [GAMMA ** (Number(bucket) - 1), GAMMA ** Number(bucket), n],
  )
}

function ordered(histogram: Histogram): [string, number][] {
  return Object.entries(histogram).sort((a, b) => order(a[0]) - order(b[0]))
}

const order = (bucket: string) => (bucket === 'z' ? -Infinity : Number(bucket))
