import { gunzipSync } from 'node:zlib'
import { shortHash } from '../hash.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import { eventKey } from '../../domain/ledger.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import type {
  FailureFilter,
  FailureRow,
  PackedBatch,
  SortedPosition,
  TraceFilter,
  TraceOrder,
  TracePosition,
  TraceRow,
  TraceStore,
} from '../../services/trace/store.ts'

/** A page looks at no more rows than this, however rare its matches are. */
const ROWS_SCANNED_MAX = 50_000
const BATCHES_MAX = 400
const BATCHES_PER_QUERY = 20

/** Traces in the tenant's data shard. */
export function traceStore(shardOf: (tenant: ProjectTenant) => D1Database): TraceStore {
  return {
    page: (tenant, filter, after, limit, descending) => page(shardOf(tenant), tenant, filter, after, limit, descending),
    sorted: (tenant, filter, order, after, limit) => sorted(shardOf(tenant), tenant, filter, order, after, limit),
    failures: (tenant, filter, limit) => failures(shardOf(tenant), tenant, filter, limit),
    find: (tenant, traceId) =>
      shardOf(tenant)
        .prepare('SELECT * FROM trace WHERE project_id = ?1 AND trace_id = ?2 AND org_id = ?3')
        .bind(tenant.project_id, traceId, tenant.org_id)
        .first<TraceRow>(),
    repriced: (tenant, traceId) => repriced(shardOf(tenant), tenant, traceId),
    async batches(tenant, batchIds) {
      const packed: PackedBatch[] = []
      const ids = batchIds.slice(0, BATCHES_MAX)
      for (let i = 0; i < ids.length; i += BATCHES_PER_QUERY)
        packed.push(...(await unpackBatches(shardOf(tenant), tenant, ids.slice(i, i + BATCHES_PER_QUERY))))
      return packed
    },
  }
}

async function repriced(db: D1Database, { org_id, project_id }: ProjectTenant, traceId: string) {
  const { results } = await db
    .prepare(
      `SELECT adjusts, sum(cost_nanousd) AS difference FROM ledger
       WHERE project_id = ?1 AND trace_id = ?2 AND adjusts <> '' AND org_id = ?3 GROUP BY adjusts`,
    )
    .bind(project_id, traceId, org_id)
    .all<{ adjusts: string; difference: number }>()
  const differences = new Map(results.map(({ adjusts, difference }) => [adjusts, difference]))
  return (event: CanonicalEvent) => (differences.size === 0 ? undefined : differences.get(eventKey(event, shortHash)))
}

async function page(
  db: D1Database,
  tenant: ProjectTenant,
  filter: TraceFilter,
  after: TracePosition | null,
  limit: number,
  descending: boolean,
): Promise<{ rows: TraceRow[]; next: TracePosition | null }> {
  const { past, direction } = towards(descending)
  const values: unknown[] = [
    tenant.project_id,
    filter.from_ms,
    filter.to_ms,
    after?.sort_ms ?? (descending ? Number.MAX_SAFE_INTEGER : -1),
    after?.trace_id ?? '',
  ]
  const bind = (value: unknown) => `?${values.push(value)}`
  const conditions = ['org_id = ' + bind(tenant.org_id), ...conditionsOf(filter, bind)]
  const range = `project_id = ?1 AND sort_ms >= ?2 AND sort_ms < ?3 AND (sort_ms, trace_id) ${past} (?4, ?5)`
  const order = `ORDER BY sort_ms ${direction}, trace_id ${direction}`
  const found = await db
    .prepare(
      `SELECT * FROM (SELECT * FROM trace WHERE ${range} ${order} LIMIT ${ROWS_SCANNED_MAX})
       WHERE ${conditions.join(' AND ')} ${order} LIMIT ${bind(limit + 1)}`,
    )
    .bind(...values)
    .all<TraceRow>()
  const rows = found.results.slice(0, limit)
  if (found.results.length > limit) return { rows, next: positionOf(rows.at(-1)) }
  const last = await db
    .prepare(`SELECT sort_ms, trace_id FROM trace WHERE ${range} ${order} LIMIT 1 OFFSET ${ROWS_SCANNED_MAX - 1}`)
    .bind(...values.slice(0, 5))
    .first<TracePosition>()
  return { rows, next: last }
}

const towards = (descending: boolean) =>
  descending ? { past: '<', direction: 'DESC' } : { past: '>', direction: 'ASC' }

/** No index has these orders: each page reads the newest traces of the range and keeps as many as it answers. */
const SORTED_BY: Record<TraceOrder['by'], string> = {
  name: 'name',
  agent_id: 'agent_id',
  // As it is shown: what is not complete runs, unless it has failed.
  status: `CASE WHEN complete = 1 OR status = 'error' THEN status ELSE 'running' END`,
  duration_ms: 'max(0, ended_ms - started_ms)',
  cost_usd: 'cost_nanousd',
  tokens: 'tokens_prompt + tokens_completion',
  llm_calls: 'llm_calls',
}

async function sorted(
  db: D1Database,
  tenant: ProjectTenant,
  filter: TraceFilter,
  { by, descending }: TraceOrder,
  after: SortedPosition | null,
  limit: number,
): Promise<{ rows: TraceRow[]; next: SortedPosition | null; from_ms: number }> {
  const from_ms = await newestFrom(db, tenant, filter)
  const { past, direction } = towards(descending)
  const values: unknown[] = [tenant.project_id, from_ms, filter.to_ms]
  const bind = (value: unknown) => `?${values.push(value)}`
  const conditions = ['org_id = ' + bind(tenant.org_id), ...conditionsOf(filter, bind)]
  if (after !== null)
    conditions.push(
      `(${SORTED_BY[by]}, sort_ms, trace_id) ${past} (${bind(after.value)}, ${bind(after.sort_ms)}, ${bind(after.trace_id)})`,
    )
  const order = ['sort_value', 'sort_ms', 'trace_id'].map((column) => `${column} ${direction}`).join(', ')
  const { results } = await db
    .prepare(
      `SELECT *, ${SORTED_BY[by]} AS sort_value FROM trace WHERE project_id = ?1 AND sort_ms >= ?2 AND sort_ms < ?3
       AND ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ${bind(limit + 1)}`,
    )
    .bind(...values)
    .all<TraceRow & { sort_value: string | number }>()
  const rows = results.slice(0, limit)
  const last = results.length > limit ? rows.at(-1) : undefined
  return {
    rows,
    next: last ? { value: last.sort_value, sort_ms: last.sort_ms, trace_id: last.trace_id } : null,
    from_ms,
  }
}

/** When the oldest of the newest traces of a range began, or its own start where all are looked at. */
async function newestFrom(db: D1Database, tenant: ProjectTenant, { from_ms, to_ms }: TraceFilter): Promise<number> {
  const oldest = await db
    .prepare(
      `SELECT sort_ms FROM trace WHERE project_id = ?1 AND sort_ms >= ?2 AND sort_ms < ?3
       ORDER BY sort_ms DESC, trace_id DESC LIMIT 1 OFFSET ${ROWS_SCANNED_MAX}`,
    )
    .bind(tenant.project_id, from_ms, to_ms)
    .first<{ sort_ms: number }>()
  // Those of the same millisecond as the first that is too many are left out with it.
  return oldest === null ? from_ms : oldest.sort_ms + 1
}

async function failures(
  db: D1Database,
  tenant: ProjectTenant,
  filter: TraceFilter,
  limit: number,
): Promise<{ rows: FailureRow[]; from_ms: number | null }> {
  const values: unknown[] = [tenant.project_id, filter.from_ms, filter.to_ms]
  const bind = (value: unknown) => `?${values.push(value)}`
  const { failure = {}, ...rest } = filter
  const conditions = [
    `failures <> '[]'`,
    'org_id = ' + bind(tenant.org_id),
    ...conditionsOf(rest, bind),
    ...failureConditions(failure, bind),
  ]
  const range = 'project_id = ?1 AND sort_ms >= ?2 AND sort_ms < ?3'
  const [found, oldest] = (await db.batch([
    // SQLite takes bare columns of the row that has the maximum.
    db
      .prepare(
        `SELECT f.value AS failure, count(*) AS traces, min(sort_ms) AS first_ms, max(sort_ms) AS last_ms, trace_id
         FROM (SELECT * FROM trace WHERE ${range} ORDER BY sort_ms DESC, trace_id DESC LIMIT ${ROWS_SCANNED_MAX}) t
         CROSS JOIN json_each(t.failures) f WHERE ${conditions.join(' AND ')}
         GROUP BY f.value ORDER BY traces DESC, last_ms DESC, failure LIMIT ${bind(limit)}`,
      )
      .bind(...values),
    db
      .prepare(
        `SELECT sort_ms FROM trace WHERE ${range} ORDER BY sort_ms DESC, trace_id DESC LIMIT 1 OFFSET ${ROWS_SCANNED_MAX}`,
      )
      .bind(...values.slice(0, 3)),
  ])) as [D1Result<FailureRow>, D1Result<{ sort_ms: number }>]
  return { rows: found.results, from_ms: oldest.results[0]?.sort_ms ?? null }
}

/** Of one row `f` of `json_each(failures)`. */
function failureConditions(
  { error_types, message_hash, step, tool_name, model }: FailureFilter,
  bind: (value: unknown) => string,
): string[] {
  const parts = [null, message_hash, step, tool_name, model]
  const same = parts.flatMap((value, at) => (value == null ? [] : [`f.value ->> ${at} = ${bind(value)}`]))
  if (error_types === undefined) return same
  return [`f.value ->> 0 IN (SELECT value FROM json_each(${bind(JSON.stringify(error_types))}))`, ...same]
}

function conditionsOf(filter: TraceFilter, bind: (value: unknown) => string): string[] {
  const conditions: string[] = []
  for (const [column, value] of Object.entries(filter.equals))
    if (value !== undefined) conditions.push(`${column} = ${bind(value)}`)
  if (filter.model !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(models) WHERE value = ${bind(filter.model)})`)
  if (filter.prompt_version !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(prompts) WHERE value = ${bind(filter.prompt_version)})`)
  if (filter.provider !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(providers) WHERE value = ${bind(filter.provider)})`)
  if (filter.leak !== undefined)
    conditions.push(`EXISTS (SELECT 1 FROM json_each(leaks) WHERE value = ${bind(filter.leak)})`)
  if (filter.failure !== undefined)
    conditions.push(
      `EXISTS (SELECT 1 FROM json_each(failures) f WHERE ${failureConditions(filter.failure, bind).join(' AND ')})`,
    )
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
