import type { MetricsStore } from '../../services/metrics/port.ts'

/** Analytics Engine has no jurisdictions: tenants of every cell but `global` are answered by the exact store alone. */
export function metricsByCell(exact: MetricsStore, analytics: MetricsStore | null): MetricsStore {
  return {
    query(tenant, projectIds, query) {
      const store = tenant.cell === 'global' && analytics !== null ? analytics : exact
      return store.query(tenant, projectIds, query)
    },
  }
}
