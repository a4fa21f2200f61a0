import type { Tenant } from '../../contract/tenant.ts'
import type { MetricsStore } from '../../services/metrics/port.ts'

/**
 * Analytics Engine has no jurisdictions: tenants of every cell but `global` are answered by the exact store alone. So
 * are those that were moved to `global`: what they did before lies in the exact store only. And so are whole traces,
 * whose sums change when an outcome is revised: a point cannot be taken back.
 */
export function metricsByCell(
  exact: MetricsStore,
  analytics: MetricsStore | null,
  hasMoved: (tenant: Tenant) => Promise<boolean> = async () => false,
): MetricsStore {
  return {
    async query(tenant, projectIds, query) {
      const isExact =
        query.kind === 'trace' || tenant.cell !== 'global' || analytics === null || (await hasMoved(tenant))
      return (isExact ? exact : analytics).query(tenant, projectIds, query)
    },
  }
}
