import type { ErasableRpc } from '../../contract/erasure.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { ErasureStores } from '../../services/erasure/port.ts'
import { eraseObjects } from './objects.ts'
import { erasableTables, eraseTable } from './tables.ts'

/** Where one organization's data lie. */
export interface ErasurePlaces {
  db: D1Database
  bucket: R2Bucket
  budget: ErasableRpc
  alerts: ErasableRpc
  feed: (projectId: string) => ErasableRpc & { stale(beforeMs: number): Promise<unknown[]> }
  projects(): Promise<string[]>
}

/** Everything of one organization in which a person may be named. */
export function erasureStores({ org_id }: Tenant, places: ErasurePlaces): ErasureStores {
  const { db, bucket } = places
  return {
    async tables() {
      const [tables, projects] = [await erasableTables(db), await places.projects()]
      return tables.map(({ name, scope }) => ({ name, values: scope === 'org_id' ? [org_id] : projects }))
    },
    async table(name, value, after, eraser) {
      const table = (await erasableTables(db)).find((one) => one.name === name)
      if (table === undefined) throw new Error(`there is no table ${name}`)
      return eraseTable(db, table, value, after, eraser)
    },
    objects: (after, eraser) => eraseObjects({ bucket, db }, org_id, after, eraser),
    async actors(subject, token) {
      const page = { removed: 0, next: null }
      const pages = [{ ...page, store: 'TenantBudget', ...(await places.budget.erase(subject, token)) }]
      pages.push({ ...page, store: 'OrgAlerts', ...(await places.alerts.erase(subject, token)) })
      for (const id of await places.projects())
        pages.push({ ...page, store: 'LiveFeed', ...(await places.feed(id).erase(subject, token)) })
      return pages
    },
    async pending(beforeMs) {
      let open = 0
      for (const id of await places.projects()) open += (await places.feed(id).stale(beforeMs)).length
      return open
    },
  }
}
