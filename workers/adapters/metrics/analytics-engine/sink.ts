import { INDEX_BYTES_MAX, POINTS_PER_INVOCATION_MAX } from './columns.ts'
import { fitted, Merged, pointsOf, type MetricsPart } from './points.ts'

/**
 * Gathers the groups of one invocation's commits and writes them as data points at its end, when it is known how
 * many there are: the platform takes 250 an invocation. Charts read them; money that is billed never does.
 */
export function metricsSink(dataset: AnalyticsEngineDataset | undefined, random: () => number) {
  const orgs = new Map<string, Merged>()
  return {
    add(tenant: { org_id: string }, parts: readonly MetricsPart[]): void {
      // An index that is cut could be another tenant's.
      if (new TextEncoder().encode(tenant.org_id).length > INDEX_BYTES_MAX) return
      const points = orgs.get(tenant.org_id) ?? new Merged()
      for (const part of parts) points.add(pointsOf(tenant.org_id, part))
      orgs.set(tenant.org_id, points)
    },
    flush(): void {
      const lists = [...orgs.values()].map((points) => points.list())
      orgs.clear()
      for (const point of fitted(lists, POINTS_PER_INVOCATION_MAX, random())) dataset?.writeDataPoint(point)
    },
  }
}
