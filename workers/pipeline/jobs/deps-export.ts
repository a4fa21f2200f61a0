import { cellFor } from '../../adapters/cells.ts'
import { tenantTablesOf } from '../../adapters/d1/tenant-tables.ts'
import { alertsOf } from '../../adapters/export/alerts.ts'
import { controlRows } from '../../adapters/export/control.ts'
import { exportFiles } from '../../adapters/export/files.ts'
import { deadLettersPage, eventsPage, tablePage } from '../../adapters/export/pages.ts'
import { moveStore } from '../../adapters/move/moves.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { exporting } from '../../services/export/work.ts'
import type { JobWork } from '../../services/job/port.ts'
import type { Env } from '../deps.ts'

/** The product's own bookkeeping. */
const EXCEPT = ['job', 'moving', 'progress', 'retention']

/** Those that are open; what was settled is in the ledger. */
const RESERVATIONS_MAX = 10_000

/** Exporting everything of one organization, bound to the stores of its cell only. */
export function exportWork(env: Env, tenant: Tenant, now = () => Date.now()): JobWork {
  const stores = cellFor(env, tenant.cell)
  const db = stores.shard(tenant.shard)
  const budget = stores.object(env.TENANT_BUDGET, tenant.org_id)
  const alerts = stores.object(env.ORG_ALERTS, tenant.org_id)
  const tables = () => tenantTablesOf(db, EXCEPT)
  return exporting(
    {
      organization: async () => ({
        'organization.json': await controlRows(env.CONTROL, tenant.org_id),
        'budgets.json': {
          budgets: await budget.budgets(),
          extensions: await budget.extensions(),
          reservations: await budget.reservations(RESERVATIONS_MAX),
          controls: await budget.controls(),
          breakers: await budget.breakers(),
        },
        'alerts.json': await alertsOf(alerts),
      }),
      async tables() {
        const projects = await moveStore(env.CONTROL).projects(tenant.org_id)
        return (await tables()).map(({ name, scope }) => ({
          name,
          values: scope === 'org_id' ? [tenant.org_id] : projects,
        }))
      },
      async page(name, value, after) {
        if (name === 'batch') return eventsPage(db, value, after)
        const table = (await tables()).find((one) => one.name === name)
        if (table === undefined) throw new Error(`there is no table ${name}`)
        return tablePage(db, table, value, after)
      },
      deadLetters: (after) => deadLettersPage(stores.bucket, tenant.org_id, after),
      ...exportFiles(stores.bucket, tenant.org_id),
      now,
    },
    tenant,
  )
}
