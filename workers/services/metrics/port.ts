import type { MetricsAnswer, MetricsQuery } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'

/** Where charts and alerts read. Finance never does: it reads the ledger. */
export interface MetricsStore {
  /** @param projectIds the projects that the caller may see; never empty. */
  query(tenant: Tenant, projectIds: readonly string[], query: MetricsQuery): Promise<MetricsAnswer>
}
