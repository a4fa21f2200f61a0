import type { Tenant } from '../../contract/tenant.ts'
import type { MetricsStore } from '../../services/metrics/port.ts'
import { ANALYTICS_KINDS } from './analytics-engine/columns.ts'

/**
 * Analytics Engine has no jurisdictions: tenants of every cell but `global` are answered by the exact store alone. So
 * are those that were moved to `global`, since what they did before lies in the exact store only, and whoever asks for a
 * kind that Analytics Engine does not hold (whole traces, whose sums change when an outcome is revised: a point cannot
 * be taken back; and what is few rows in D1).
 */
export function metricsByCell(
  exact: MetricsStore,
  analytics: MetricsStore | null,
  hasMoved: (tenant: Tenant) => Promise<boolean> = async () => false,
): MetricsStore {
  return {
    async query(tenant, projectIds, query) {
      const isExact =
        tenant.cell !== 'global' ||
        analytics === null ||
        !ANALYTICS_KINDS.includes(query.kind) ||
        (await hasMoved(tenant))
      return (isExact ? exact : analytics).query(tenant, projectIds, query)
    },
  }
}
