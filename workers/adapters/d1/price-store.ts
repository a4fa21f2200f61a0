import { PriceParts } from '../../contract/price.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { OverrideRow } from '../../domain/price-override.ts'
import type { PriceStore } from '../../services/price/port.ts'
import { unlessMoving } from './moving-shard.ts'

interface Row {
  org_id: string
  id: string
  provider: string
  model: string
  tool: string
  price: string
  note: string
  from_ms: number
  to_ms: number | null
  created_by: string
  created_ms: number
  updated_ms: number
  version: number
}

/** Whether none but this one, `?2`, for the same holds within [?from, ?to). */
const alone = (provider: string, model: string, tool: string, from: string, to: string) =>
  `NOT EXISTS (SELECT 1 FROM price_override o WHERE o.org_id = ?1 AND o.id <> ?2 AND o.provider = ${provider} AND o.model = ${model}
   AND o.tool = ${tool} AND (${to} IS NULL OR o.from_ms < ${to}) AND (o.to_ms IS NULL OR ${from} < o.to_ms))`

/** An organization's own prices, in its data shard. */
export function priceStore(shardOf: (tenant: Tenant) => D1Database): PriceStore {
  return {
    async list(tenant) {
      const found = await shardOf(tenant)
        .prepare('SELECT * FROM price_override WHERE org_id = ?1 ORDER BY created_ms DESC, id DESC')
        .bind(tenant.org_id)
        .all<Row>()
      return found.results.map(overrideOf)
    },
    add: (tenant, row, max) =>
      changes(
        shardOf(tenant)
          .prepare(
            `INSERT INTO price_override (org_id, id, provider, model, tool, price, note, from_ms, to_ms, created_by, created_ms, updated_ms, version)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
             WHERE (SELECT count(*) FROM price_override WHERE org_id = ?1) < ?14 AND ${alone('?3', '?4', '?5', '?8', '?9')}`,
          )
          .bind(
            ...[tenant.org_id, row.id, row.provider, row.model, row.tool, JSON.stringify(row.price), row.note],
            ...[row.fromMs, row.toMs, row.createdBy, row.createdMs, row.updatedMs, row.version, max],
          ),
      ),
    replace: (tenant, row) =>
      changes(
        shardOf(tenant)
          .prepare(
            `UPDATE price_override SET price = ?4, note = ?5, from_ms = ?6, to_ms = ?7, updated_ms = ?8, version = version + 1
             WHERE org_id = ?1 AND id = ?2 AND version = ?3
             AND ${alone('price_override.provider', 'price_override.model', 'price_override.tool', '?6', '?7')}`,
          )
          .bind(
            ...[tenant.org_id, row.id, row.version, JSON.stringify(row.price), row.note],
            ...[row.fromMs, row.toMs, row.updatedMs],
          ),
      ),
    remove: (tenant, id, version) =>
      changes(
        shardOf(tenant)
          .prepare('DELETE FROM price_override WHERE org_id = ?1 AND id = ?2 AND version = ?3')
          .bind(tenant.org_id, id, version),
      ),
  }
}

/** Of several organizations of one shard. */
export async function overridesOf(
  db: D1Database,
  orgIds: readonly string[],
): Promise<ReadonlyMap<string, OverrideRow[]>> {
  const found = await db
    .prepare('SELECT o.* FROM json_each(?1) j CROSS JOIN price_override o ON o.org_id = j.value')
    .bind(JSON.stringify(orgIds))
    .all<Row>()
  const rows = Map.groupBy(found.results, ({ org_id }) => org_id)
  return new Map(orgIds.map((orgId) => [orgId, (rows.get(orgId) ?? []).map(overrideOf)]))
}

async function changes(statement: D1PreparedStatement): Promise<boolean> {
  return (await unlessMoving(() => statement.run())).meta.changes > 0
}

function overrideOf(row: Row): OverrideRow {
  return {
    id: row.id,
    provider: row.provider,
    model: row.model,
    tool: row.tool,
    price: PriceParts.parse(JSON.parse(row.price)),
    note: row.note,
    fromMs: row.from_ms,
    toMs: row.to_ms,
    createdBy: row.created_by,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    version: row.version,
  }
}
