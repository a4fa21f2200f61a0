import { valueOf } from '../../../domain/histogram.ts'
import { GROUP_DIMENSIONS, type CountTuple, type MoneyTuple } from '../../../domain/rollup-row.ts'
import { ANALYTICS_KINDS, BLOBS, BLOBS_BYTES_MAX, DOUBLES, latencyKind, type Double } from './columns.ts'

/** What one commit holds for one project. */
export interface MetricsPart {
  project_id: string
  workspace_id: string
  counts: CountTuple[]
  money: MoneyTuple[]
}

/** A data point before it is known whether it stands for itself only. */
export interface Point {
  index: string
  blobs: string[]
  values: Partial<Record<Double, number>>
}

/** UTF-8 takes three bytes at most for one UTF-16 unit. */
const BLOB_CHARS_MAX = Math.floor(BLOBS_BYTES_MAX / BLOBS.length / 3)
/** What a small tenant sends at a time stays whole; a large one's sums are as good from a sixteenth of the rest. */
const WHOLE_UP_TO = 32
const BEYOND_ONE_IN = 16
/** Money has no status and error. */
const MONEY_DIMENSIONS = GROUP_DIMENSIONS.length - 2
/** What a point says of itself, whatever it stands for. */
const FIXED: ReadonlySet<Double> = new Set(['minute_ms', 'latency_ms'])

const USER_AT = GROUP_DIMENSIONS.indexOf('user_id')

/**
 * A point per count group, one per further latency bucket of it, and one per money group. None names a user: points
 * cannot be deleted, and people can ask to be forgotten.
 */
export function pointsOf(orgId: string, part: MetricsPart): Point[] {
  return [
    ...part.counts.filter(isHeld).flatMap((tuple) => countPoints(orgId, part, tuple)),
    ...part.money.filter(isHeld).map((tuple) => moneyPoint(orgId, part, tuple)),
  ]
}

const isHeld = ([kind]: CountTuple | MoneyTuple) => ANALYTICS_KINDS.includes(kind)

function countPoints(orgId: string, part: MetricsPart, tuple: CountTuple): Point[] {
  const [kind, minute_ms] = tuple
  const dimensions = tuple.slice(2, 2 + GROUP_DIMENSIONS.length) as string[]
  const [n, errors, successes, latency_sum_ms, latency_n, histogram] = tuple.slice(14) as [
    number,
    number,
    number,
    number,
    number,
    CountTuple[19],
  ]
  const [first, ...more] = Object.entries(histogram).map(([bucket, count]) => ({
    latency_ms: valueOf(bucket),
    latency_weight: count,
  }))
  const counts = { minute_ms, n, errors, successes, latency_sum_ms, latency_n, ...first }
  return [
    point(orgId, part, kind, dimensions, counts),
    ...more.map((latency) => point(orgId, part, latencyKind(kind), dimensions, { minute_ms, ...latency })),
  ]
}

function moneyPoint(orgId: string, part: MetricsPart, tuple: MoneyTuple): Point {
  const [kind, minute_ms] = tuple
  const dimensions = [...(tuple.slice(2, 2 + MONEY_DIMENSIONS) as string[]), '', '']
  const [
    cost_nanousd,
    paid,
    unpriced,
    tokens_prompt,
    tokens_completion,
    tokens_cached,
    tokens_cache_write,
    tokens_reasoning,
  ] = tuple.slice(2 + MONEY_DIMENSIONS) as number[]
  return point(orgId, part, kind, dimensions, {
    minute_ms,
    cost_nanousd,
    paid,
    unpriced,
    tokens_prompt,
    tokens_completion,
    tokens_cached,
    tokens_cache_write,
    tokens_reasoning,
  })
}

function point(
  index: string,
  { project_id, workspace_id }: MetricsPart,
  kind: string,
  dimensions: string[],
  values: Point['values'],
): Point {
  const blobs = [kind, project_id, workspace_id, ...dimensions.with(USER_AT, '')]
  return { index, blobs: blobs.map((text) => text.slice(0, BLOB_CHARS_MAX)), values }
}

/** Points of one tenant; those that differ in nothing but their sums are one. Without users many are. */
export class Merged {
  private readonly points = new Map<string, Point>()

  add(points: readonly Point[]): void {
    for (const point of points) {
      const key = JSON.stringify([point.blobs, ...Array.from(FIXED, (name) => point.values[name] ?? 0)])
      const known = this.points.get(key)
      if (known === undefined) this.points.set(key, { ...point, values: { ...point.values } })
      else addTo(known.values, point.values)
    }
  }

  list(): Point[] {
    return [...this.points.values()]
  }
}

function addTo(sums: Point['values'], more: Point['values']): void {
  for (const name of DOUBLES) {
    if (!FIXED.has(name) && more[name] !== undefined) sums[name] = (sums[name] ?? 0) + more[name]
  }
}

/**
 * At most `max` data points for what lies in the lists, each list getting its fair share: short ones stay whole, of
 * long ones every k-th point is taken and stands for k, so that sums keep their expectation. Every column is
 * written: Analytics Engine knows only columns that the rows it reads have.
 * Points cost money, so that even a list that would fit is thinned beyond `WHOLE_UP_TO`.
 * @param start where the first step falls, from 0 to below 1: at random, or the same groups would always be taken.
 */
export function fitted(lists: readonly Point[][], max: number, start: number): AnalyticsEngineDataPoint[] {
  const shortestFirst = [...lists].sort((a, b) => a.length - b.length)
  const taken: AnalyticsEngineDataPoint[] = []
  shortestFirst.forEach((list, i) => {
    const share = Math.floor((max - taken.length) / (shortestFirst.length - i))
    const every = Math.max(1, Math.ceil(list.length / Math.min(share, affordable(list.length))))
    for (let at = Math.floor(start * every); at < list.length; at += every) {
      const chosen = list[at]
      if (chosen) taken.push(dataPoint(chosen, every))
    }
  })
  return taken
}

/** How many of `n` points are worth their price. */
function affordable(n: number): number {
  return n <= WHOLE_UP_TO ? n : WHOLE_UP_TO + Math.ceil((n - WHOLE_UP_TO) / BEYOND_ONE_IN)
}

function dataPoint({ index, blobs, values }: Point, standsFor: number): AnalyticsEngineDataPoint {
  const scaled = (name: Double) => (values[name] ?? 0) * (FIXED.has(name) ? 1 : standsFor)
  return {
    indexes: [index],
    blobs,
    doubles: DOUBLES.map((name) => (name === 'stands_for' ? standsFor : scaled(name))),
  }
}
