import { quoted, type TenantTable } from '../../domain/table-copy.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { ProjectData } from '../../services/deletion/port.ts'
import { tenantTablesOf } from '../d1/tenant-tables.ts'
import { kindsOf } from '../r2/kinds.ts'

const ROWS = 2000
const LEDGER_ROWS = 5000
const OBJECTS = 500
/** What a ledger row keeps its name of a project by, and what it is worth. The rest is taken out. */
const NAMES = ['commit_id', 'trace_id', 'span_id', 'environment', 'agent_id', 'workflow_id', 'workflow_version'].concat(
  ['step', 'prompt_version', 'tool_name', 'user_id'],
)
/** The organization's books stay; its jobs are about more than one project. */
const EXCEPT = ['ledger', 'job', 'moving']

export interface ProjectPlaces {
  db: D1Database
  bucket: R2Bucket
  feed: { wipe(): Promise<void>; count(): Promise<number> }
}

/** Everything of one project in its cell; in which tables something of it lies is read from the schema. */
export function projectData({ org_id }: Tenant, projectId: string, places: ProjectPlaces): ProjectData {
  const { db, bucket, feed } = places
  const of = (table: TenantTable) => (table.scope === 'project_id' ? '?1 = ?1' : 'org_id = ?1')
  const tables = async () =>
    (await tenantTablesOf(db, EXCEPT)).filter(({ columns }) => columns.some(({ name }) => name === 'project_id'))
  return {
    tables: async () => (await tables()).map(({ name }) => name),
    async table(name) {
      const table = (await tables()).find((one) => one.name === name)
      if (table === undefined) throw new Error(`there is no table ${name}`)
      const keys = table.key.map(quoted).join(', ')
      const removed = await db
        .prepare(
          `DELETE FROM ${quoted(name)} WHERE (${keys}) IN
           (SELECT ${keys} FROM ${quoted(name)} WHERE ${of(table)} AND project_id = ?2 LIMIT ?3)`,
        )
        .bind(org_id, projectId, ROWS)
        .run()
      const { changes } = removed.meta
      return { store: name, removed: changes, next: changes < ROWS ? null : 'more' }
    },
    async books(after) {
      const end = await db
        .prepare(
          'SELECT event_key FROM ledger WHERE project_id = ?1 AND event_key > ?2 ORDER BY event_key LIMIT 1 OFFSET ?3',
        )
        .bind(projectId, after ?? '', LEDGER_ROWS - 1)
        .first<{ event_key: string }>()
      const stripped = await db
        .prepare(
          `UPDATE ledger SET ${NAMES.map((name) => `${name} = ''`).join(', ')} WHERE project_id = ?1 AND event_key > ?2
           AND event_key <= ?3 AND (${NAMES.map((name) => `${name} <> ''`).join(' OR ')})`,
        )
        .bind(projectId, after ?? '', end?.event_key ?? '~')
        .run()
      return { store: 'names in the ledger', removed: stripped.meta.changes, next: end?.event_key ?? null }
    },
    async objects() {
      const keys = await objectsOf(bucket, org_id, projectId, OBJECTS)
      if (keys.length > 0) await bucket.delete(keys)
      return { store: 'objects', removed: keys.length, next: keys.length > 0 ? 'more' : null }
    },
    actors: () => feed.wipe(),
    async left() {
      let left = (await objectsOf(bucket, org_id, projectId, 1)).length + (await feed.count())
      for (const table of await tables()) {
        const row = await db
          .prepare(`SELECT count(*) AS n FROM ${quoted(table.name)} WHERE ${of(table)} AND project_id = ?2`)
          .bind(org_id, projectId)
          .first<{ n: number }>()
        left += row?.n ?? 0
      }
      return left
    },
  }
}

/** Exports of the organization hold the project too; they are copies, and can be made again without it. */
async function objectsOf(bucket: R2Bucket, orgId: string, projectId: string, limit: number): Promise<string[]> {
  const places = (await kindsOf(bucket)).map((kind) => `${kind}${orgId}/${projectId}/`)
  for (const prefix of [...places, `exports/${orgId}/`]) {
    const page = await bucket.list({ prefix, limit })
    if (page.objects.length > 0) return page.objects.map(({ key }) => key)
  }
  return []
}
