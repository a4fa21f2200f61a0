import type { Tenant } from '../../contract/tenant.ts'
import { readPage, readPanels, type Param, type SavedRow } from '../../domain/saved-view.ts'
import type { ViewStore } from '../../services/dashboard/port.ts'
import { unlessMoving } from './moving-shard.ts'

interface Row {
  id: string
  kind: 'view' | 'dashboard'
  name: string
  owner_id: string | null
  shared: number
  page: string | null
  panels: string | null
  params: string
  created_ms: number
  updated_ms: number
  version: number
}

/** Saved views, in the data shard of their organization. */
export function viewStore(shardOf: (tenant: Tenant) => D1Database): ViewStore {
  return {
    async list(tenant) {
      const found = await shardOf(tenant)
        .prepare('SELECT * FROM saved_view WHERE org_id = ?1 ORDER BY created_ms DESC, id DESC')
        .bind(tenant.org_id)
        .all<Row>()
      return found.results.map(savedOf)
    },
    async find(tenant, id) {
      const row = await shardOf(tenant)
        .prepare('SELECT * FROM saved_view WHERE org_id = ?1 AND id = ?2')
        .bind(tenant.org_id, id)
        .first<Row>()
      return row && savedOf(row)
    },
    add: (tenant, row, max) =>
      changes(
        shardOf(tenant)
          .prepare(
            `INSERT INTO saved_view (org_id, id, kind, name, owner_id, shared, page, panels, params, created_ms, updated_ms, version)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
             WHERE (SELECT count(*) FROM saved_view WHERE org_id = ?1) < ?13`,
          )
          .bind(
            ...[tenant.org_id, row.id, row.kind, row.name, row.ownerId, Number(row.shared)],
            ...[row.page, panelsText(row), JSON.stringify(row.params), row.createdMs, row.updatedMs, row.version, max],
          ),
      ),
    replace: (tenant, row) =>
      changes(
        shardOf(tenant)
          .prepare(
            `UPDATE saved_view SET name = ?4, shared = ?5, page = ?6, panels = ?7, params = ?8, updated_ms = ?9,
             version = version + 1 WHERE org_id = ?1 AND id = ?2 AND version = ?3`,
          )
          .bind(
            ...[tenant.org_id, row.id, row.version, row.name, Number(row.shared)],
            ...[row.page, panelsText(row), JSON.stringify(row.params), row.updatedMs],
          ),
      ),
    remove: (tenant, id, version) =>
      changes(
        shardOf(tenant)
          .prepare('DELETE FROM saved_view WHERE org_id = ?1 AND id = ?2 AND version = ?3')
          .bind(tenant.org_id, id, version),
      ),
    async forgetOwner(tenant, userId) {
      const db = shardOf(tenant)
      const run = (sql: string) => db.prepare(sql).bind(tenant.org_id, userId)
      await unlessMoving(() =>
        db.batch([
          run('DELETE FROM saved_view WHERE org_id = ?1 AND owner_id = ?2 AND shared = 0'),
          run('UPDATE saved_view SET owner_id = NULL, version = version + 1 WHERE org_id = ?1 AND owner_id = ?2'),
        ]),
      )
    },
  }
}

async function changes(statement: D1PreparedStatement): Promise<boolean> {
  return (await unlessMoving(() => statement.run())).meta.changes > 0
}

const panelsText = ({ panels }: SavedRow) => panels && JSON.stringify(panels.map(({ id, span }) => [id, span]))

function savedOf(row: Row): SavedRow {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    ownerId: row.owner_id,
    shared: row.shared === 1,
    page: readPage(row.page),
    panels: row.panels === null ? null : readPanels(JSON.parse(row.panels) as [string, number][]),
    params: JSON.parse(row.params) as Param[],
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    version: row.version,
  }
}
