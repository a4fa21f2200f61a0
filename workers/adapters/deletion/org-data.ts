import type { Tenant } from '../../contract/tenant.ts'
import type { OrgData } from '../../services/deletion/port.ts'
import type { MoveActors, MoveObjects, MoveTables } from '../../services/move/port.ts'

const OBJECTS = 500
/** The job that removes everything else. */
const LAST = 'job'

export interface OrgPlaces {
  tables: Pick<MoveTables, 'list' | 'removeSome' | 'count'>
  objects: Pick<MoveObjects, 'removeSome' | 'count'>
  actors: Pick<MoveActors, 'wipe' | 'count'>
  bucket: R2Bucket
}

/** Everything of one organization in its cell, by what a move knows of it. */
export function orgData(tenant: Tenant, projects: string[], { tables, objects, actors, bucket }: OrgPlaces): OrgData {
  const { org_id } = tenant
  const parts = async () =>
    (await tables.list(tenant))
      .filter(({ name }) => name !== LAST)
      .flatMap(({ name, scope }) => (scope === 'org_id' ? [org_id] : projects).map((value) => ({ name, value })))
  return {
    tables: async () => (await parts()).map(({ name, value }) => `${name} ${value}`),
    async table(part) {
      const [name = '', value = ''] = part.split(' ')
      const removed = await tables.removeSome(tenant, org_id, name, value)
      return { store: name, removed, next: removed > 0 ? 'more' : null }
    },
    async objects() {
      const journal = await bucket.list({ prefix: `journal/${org_id}/`, limit: OBJECTS })
      if (journal.objects.length > 0) await bucket.delete(journal.objects.map(({ key }) => key))
      const removed = journal.objects.length + (await objects.removeSome(tenant, org_id))
      return { store: 'objects', removed, next: removed > 0 ? 'more' : null }
    },
    actors: () => actors.wipe(tenant, org_id, projects),
    async left() {
      let left = (await objects.count(tenant, org_id)) + (await actors.count(tenant, org_id, projects))
      for (const { name, value } of await parts()) left += await tables.count(tenant, name, value)
      return left
    },
  }
}
