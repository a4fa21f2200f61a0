import { gunzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import type { PackedBatch, TraceFilter, TracePosition, TraceRow, TraceStore } from '../../services/trace/store.ts'

/** A page looks at no more rows than this, however rare its matches are. */
const ROWS_SCANNED_MAX = 50_000
const BATCHES_MAX = 400
const BATCHES_PER_QUERY = 20

/** Traces in the tenant's data shard. */
export function traceStore(shardOf: (tenant: ProjectTenant) => D1Database): TraceStore {
  return {
    page: (tenant, filter, after, limit) => page(shardOf(tenant), tenant, filter, after, limit),
    find: (tenant, traceId) =>
      shardOf(tenant)
        .prepare('SELECT * FROM trace WHERE project_id = ?1 AND trace_id = ?2 AND org_id = ?3')
        .bind(tenant.project_id, traceId, tenant.org_id)
        .first<TraceRow>(),
    async batches(tenant, batchIds) {
      const packed: PackedBatch[] = []
      const ids = batchIds.slice(0, BATCHES_MAX)
      for (let i = 0; i < ids.length; i += BATCHES_PER_QUERY)
        packed.push(...(await unpackBatches(shardOf(tenant), tenant, ids.slice(i, i + BATCHES_PER_QUERY))))
      return packed
    },
  }
}

async function page(
  db: D1Database,
  tenant: ProjectTenant,
  filter: TraceFilter,
  after: TracePosition | null,
  limit: number,
): Promise<{ rows: TraceRow[]; next: TracePosition | null }> {
  const values: unknown[] = [
    tenant.project_id,
    filter.from_ms,
    filter.to_ms,
    after?.sort_ms ?? Number.MAX_SAFE_INTEGER,
    after?.trace_id ?? '',
  ]
  const bind = (value: unknown) => `?${values.push(value)}`
  const conditions = ['org_id = ' + bind(tenant.org_id), ...conditionsOf(filter, bind)]
  const range = `project_id = ?1 AND sort_ms >= ?2 AND sort_ms < ?3 AND (sort_ms, trace_id) < (?4, ?5)`
  const found = await db
    .prepare(
      `SELECT * FROM (SELECT * FROM trace WHERE ${range} ORDER BY sort_ms DESC, trace_id DESC LIMIT ${ROWS_SCANNED_MAX})
       WHERE ${conditions.join(' AND ')} ORDER BY sort_ms DESC, trace_id DESC LIMIT ${bind(limit + 1)}`,
    )
    .bind(...values)
    .all<TraceRow>()
  const rows = found.results.slice(0, limit)
  if (found.results.length > limit) return { rows, next: positionOf(rows.at(-1)) }
  const last = await db
    .prepare(
      `SELECT sort_ms, trace_id FROM trace WHERE ${range} ORDER BY sort_ms DESC, trace_id DESC LIMIT 1 OFFSET ${ROWS_SCANNED_MAX - 1}`,
    )
    .bind(...values.slice(0, 5))
    .first<TracePosition>()
  return { rows, next: last }
}

function conditionsOf(filter: TraceFilter, bind: (value: unknown) => string): string[] {
  const conditions: string[] = []
  for (const [column, value] of Object.entries(filter.equals))
    if (value !== undefined) conditions.push(`${column} = ${bind(value)}`)
  if (filter.model !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(models) WHERE value = ${bind(filter.model)})`)
  if (filter.provider !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(providers) WHERE value = ${bind(filter.provider)})`)
  if (filter.leak !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(leaks) WHERE value = ${bind(filter.leak)})`)
  if (filter.has !== undefined) conditions.push(`${filter.has} > 0`)
  if (filter.min_cost_nanousd !== undefined) conditions.push(`cost_nanousd >= ${bind(filter.min_cost_nanousd)}`)
  if (filter.q !== undefined) {
    const q = bind(filter.q.toLowerCase())
    conditions.push(
      `(${['trace_id', 'name', 'agent_id', 'workflow_id', 'user_id', 'session_id'].map((c) => `instr(lower(${c}), ${q}) > 0`).join(' OR ')})`,
    )
  }
  return conditions
}

function positionOf(row: TraceRow | undefined): TracePosition | null {
  return row ? { sort_ms: row.sort_ms, trace_id: row.trace_id } : null
}

async function unpackBatches(db: D1Database, tenant: ProjectTenant, ids: string[]): Promise<PackedBatch[]> {
  const found = await db
    .prepare(
      `SELECT b.costs, hex(b.body) AS body FROM json_each(?3) j JOIN batch b ON b.project_id = ?1 AND b.batch_id = j.value
       WHERE b.org_id = ?2 AND b.body IS NOT NULL ORDER BY b.received_ms, b.batch_id`,
    )
    .bind(tenant.project_id, tenant.org_id, JSON.stringify(ids))
    .all<{ costs: string; body: string }>()
  return found.results.map((row) => ({
    costs: JSON.parse(row.costs) as PackedBatch['costs'],
    events: JSON.parse(gunzipSync(Buffer.from(row.body, 'hex')).toString()) as CanonicalEvent[],
  }))
}
