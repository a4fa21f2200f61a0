import { valueOf } from '../../../domain/histogram.ts'
import { GROUP_DIMENSIONS, type CountTuple, type MoneyTuple } from '../../../domain/rollup-row.ts'
import { BLOBS, BLOBS_BYTES_MAX, DOUBLES, INDEX_BYTES_MAX, POINTS_PER_INVOCATION_MAX, type Double } from './columns.ts'

export interface MetricsPart {
  project_id: string
  workspace_id: string
  counts: CountTuple[]
  money: MoneyTuple[]
}

const BLOB_CHARS_MAX = Math.floor(BLOBS_BYTES_MAX / BLOBS.length / 4)

/**
 * Writes groups as data points. What passes the platform's 250 points an invocation is left out here and stays
 * exact in the delta log; Analytics Engine samples anyway and is never asked for money that is billed.
 */
export function metricsSink(dataset: AnalyticsEngineDataset | undefined) {
  let points = 0
  return {
    write(tenant: { org_id: string }, parts: MetricsPart[]): void {
      for (const point of parts.flatMap((part) => pointsOf(tenant.org_id, part))) {
        if (points >= POINTS_PER_INVOCATION_MAX) return
        dataset?.writeDataPoint(point)
        points++
      }
    },
  }
}

/** A point per count group and latency bucket, and one per money group. */
export function pointsOf(orgId: string, part: MetricsPart): AnalyticsEngineDataPoint[] {
  const points: AnalyticsEngineDataPoint[] = []
  for (const tuple of part.counts) {
    const [kind, minute_ms] = tuple
    const [n, errors, successes, latency_sum_ms, latency_n, histogram] = [
      tuple[14],
      tuple[15],
      tuple[16],
      tuple[17],
      tuple[18],
      tuple[19],
    ]
    const dimensions = tuple.slice(2, 2 + GROUP_DIMENSIONS.length) as string[]
    points.push(
      point(orgId, [kind, part.project_id, part.workspace_id, ...dimensions], {
        minute_ms,
        n,
        errors,
        successes,
        latency_sum_ms,
        latency_n,
      }),
    )
    const [top] = Object.entries(histogram).sort((a, b) => b[1] - a[1])
    if (top && Object.keys(histogram).length === 1) {
      const last = points.at(-1)
      if (last?.doubles) last.doubles[DOUBLES.indexOf('latency_ms')] = valueOf(top[0])
    } else {
      for (const [bucket, count] of Object.entries(histogram)) {
        points.push(
          point(orgId, [`${kind}.latency`, part.project_id, part.workspace_id, ...dimensions], {
            minute_ms,
            latency_n: count,
            latency_ms: valueOf(bucket),
          }),
        )
      }
    }
  }
  for (const [kind, minute_ms, ...rest] of part.money) {
    const dimensions = [...(rest.slice(0, 10) as string[]), '', '']
    const [
      cost_nanousd,
      paid,
      unpriced,
      tokens_prompt,
      tokens_completion,
      tokens_cached,
      tokens_cache_write,
      tokens_reasoning,
    ] = rest.slice(10) as number[]
    points.push(
      point(orgId, [kind, part.project_id, part.workspace_id, ...dimensions], {
        minute_ms,
        cost_nanousd,
        paid,
        unpriced,
        tokens_prompt,
        tokens_completion,
        tokens_cached,
        tokens_cache_write,
        tokens_reasoning,
      }),
    )
  }
  return points
}

function point(orgId: string, blobs: string[], values: Partial<Record<Double, number>>): AnalyticsEngineDataPoint {
  return {
    indexes: [orgId.slice(0, INDEX_BYTES_MAX)],
    blobs: blobs.map((text) => text.slice(0, BLOB_CHARS_MAX)),
    doubles: DOUBLES.map((name) => values[name] ?? 0),
  }
}
