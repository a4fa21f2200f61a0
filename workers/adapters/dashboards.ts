import type { Tenant } from '../contract/tenant.ts'
import { isSeen } from '../domain/saved-view.ts'
import type { ReportDeps } from '../services/report/port.ts'
import { viewStore } from './d1/view-store.ts'

/** The name of a dashboard, for who sees it. */
export function dashboardNames(shardOf: (tenant: Tenant) => D1Database): ReportDeps['dashboard'] {
  const store = viewStore(shardOf)
  return async (tenant, id, { userId, role }) => {
    const row = await store.find(tenant, id)
    const isSeenDashboard = row?.kind === 'dashboard' && isSeen(row, { personId: userId, role, isOfProject: false })
    return isSeenDashboard ? row.name : null
  }
}
