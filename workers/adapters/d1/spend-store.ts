import type { Tenant } from '../../contract/tenant.ts'
import { HOUR_MS, mergeDeltas } from '../../domain/rollup-merge.ts'
import { dayStart, offsetSpans, type OffsetSpan } from '../../domain/time-zone.ts'
import type { SpendGroup, SpendQuery, SpendStore, SpendSum } from '../../services/spend/port.ts'
import { rollupStore } from './rollup-store.ts'

const MONEY_KINDS = ['request', 'llm', 'tool', 'step', 'retry']
const COLUMN: Record<Exclude<SpendGroup, 'org' | 'day' | 'hour'>, string> = {
  workspace: 'workspace_id', project: 'project_id', agent: 'agent_id', workflow: 'workflow_id', model: 'model', provider: 'provider', user: 'user_id',
}
/** What `user` rows carry besides the user; more dimensions with users are read from the ledger itself. */
const WITH_USER = new Set<SpendGroup>(['user', 'org', 'workspace', 'project', 'day', 'hour'])
const TOKENS = ['tokens_prompt', 'tokens_completion', 'tokens_cached', 'tokens_cache_write', 'tokens_reasoning'] as const

type Row = Record<string, string | number | null>

/**
 * Spend to the nano-dollar. Whole hours come from rollups and the deltas after them, which sum up exactly the ledger's
 * rows; ragged ends come from the ledger's rows.
 */
export function spendStore(shardOf: (tenant: Tenant) => D1Database): SpendStore {
  return {
    async spend(tenant, projectIds, query) {
      const db = shardOf(tenant)
      const sums = new Sums(tenant, query)
      const fromLedger = query.group_by.includes('user') && !query.group_by.every((g) => WITH_USER.has(g))
      const from = Math.ceil(query.from_ms / HOUR_MS) * HOUR_MS
      const to = Math.floor(query.to_ms / HOUR_MS) * HOUR_MS
      if (fromLedger || from >= to) {
        await addLedger(db, sums, tenant, projectIds, query, query.from_ms, query.to_ms)
        return sums.finish()
      }
      await Promise.all([
        addHours(db, sums, tenant, projectIds, query, from, to),
        from > query.from_ms ? addLedger(db, sums, tenant, projectIds, query, query.from_ms, from) : null,
        query.to_ms > to ? addLedger(db, sums, tenant, projectIds, query, to, query.to_ms) : null,
      ])
      return sums.finish()
    },
  }
}

async function addHours(db: D1Database, sums: Sums, tenant: Tenant, projectIds: readonly string[], query: SpendQuery, from: number, to: number): Promise<void> {
  const kinds = query.group_by.includes('user') ? ['user'] : query.group_by.some((g) => g in COLUMN && g !== 'workspace' && g !== 'project') ? MONEY_KINDS : ['total']
  const groups = ['hour_ms', ...columnsOf(query)]
  const needsHour = query.group_by.includes('day') || query.group_by.includes('hour')
  const by = (needsHour ? groups : groups.slice(1)).join(', ')
  const [stored, waiting] = await Promise.all([
    db
      .prepare(
        `SELECT ${by ? `${by}, ` : ''}CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS cost, sum(paid) AS entries, sum(unpriced) AS unpriced, ${TOKENS.map((t) => `sum(${t}) AS ${t}`).join(', ')}
         FROM rollup WHERE org_id = ?1 AND kind IN (SELECT value FROM json_each(?2)) AND hour_ms >= ?3 AND hour_ms < ?4
         AND project_id IN (SELECT value FROM json_each(?5)) ${by ? `GROUP BY ${by}` : ''} HAVING sum(paid) > 0`,
      )
      .bind(tenant.org_id, JSON.stringify(kinds), from, to, JSON.stringify(projectIds))
      .all<Row>(),
    rollupStore(db).waiting(tenant.org_id),
  ])
  for (const row of stored.results) sums.add(row, Number(row.hour_ms ?? from))
  const projects = new Set(projectIds)
  for (const row of mergeDeltas(waiting.groups, HOUR_MS)) {
    if (!kinds.includes(row.kind) || row.paid === 0 || row.bucket_ms < from || row.bucket_ms >= to || !projects.has(row.project_id)) continue
    sums.add({ ...(row as unknown as Row), cost: String(row.cost_nanousd), entries: row.paid }, row.bucket_ms)
  }
}

/** Without `event_id` a ledger key begins with its time, so a range of time is a range of keys. */
async function addLedger(db: D1Database, sums: Sums, tenant: Tenant, projectIds: readonly string[], query: SpendQuery, from: number, to: number): Promise<void> {
  const needsHour = query.group_by.includes('day') || query.group_by.includes('hour')
  const groups = [...(needsHour ? [`ts_ms / ${HOUR_MS} * ${HOUR_MS} AS hour_ms`] : []), ...columnsOf(query)]
  const by = [...(needsHour ? ['hour_ms'] : []), ...columnsOf(query)].join(', ')
  const key = (ms: number) => `t${Math.max(0, ms).toString(36).padStart(9, '0')}`
  const found = await db
    .prepare(
      `SELECT ${groups.length > 0 ? `${groups.join(', ')}, ` : ''}CAST(coalesce(sum(cost_nanousd), 0) AS TEXT) AS cost, count(*) AS entries,
         sum(cost_source = 'unpriced') AS unpriced, ${TOKENS.map((t) => `sum(${t}) AS ${t}`).join(', ')}
       FROM (SELECT l.* FROM json_each(?1) p JOIN ledger l ON l.project_id = p.value AND l.event_key >= ?2 AND l.event_key < ?3
             UNION ALL
             SELECT l.* FROM json_each(?1) p JOIN ledger l ON l.project_id = p.value AND l.event_key >= 'i' AND l.event_key < 'j')
       WHERE org_id = ?4 AND ts_ms >= ?5 AND ts_ms < ?6 ${by ? `GROUP BY ${by}` : ''} HAVING count(*) > 0`,
    )
    .bind(JSON.stringify(projectIds), key(from), key(to), tenant.org_id, from, to)
    .all<Row>()
  for (const row of found.results) sums.add(row, Number(row.hour_ms ?? from))
}

function columnsOf(query: SpendQuery): string[] {
  return query.group_by.flatMap((group) => (group in COLUMN ? [COLUMN[group as keyof typeof COLUMN]] : []))
}

/** Adds rows of both sources under the keys that were asked for. */
class Sums {
  private readonly tenant: Tenant
  private readonly query: SpendQuery
  private readonly offsets: OffsetSpan[]
  private readonly groups = new Map<string, SpendSum>()

  constructor(tenant: Tenant, query: SpendQuery) {
    this.tenant = tenant
    this.query = query
    this.offsets = query.group_by.includes('day') ? offsetSpans(query.time_zone, query.from_ms, query.to_ms) : []
  }

  add(row: Row, hourMs: number): void {
    const key = this.query.group_by.map((group) => this.valueOf(group, row, hourMs))
    const id = key.join('\n')
    let sum = this.groups.get(id)
    if (sum === undefined) {
      sum = { key, cost_nanousd: 0n, entries: 0, unpriced: 0, tokens_prompt: 0, tokens_completion: 0, tokens_cached: 0, tokens_cache_write: 0, tokens_reasoning: 0 }
      this.groups.set(id, sum)
    }
    sum.cost_nanousd += BigInt(row.cost ?? 0)
    sum.entries += Number(row.entries ?? 0)
    sum.unpriced += Number(row.unpriced ?? 0)
    for (const name of TOKENS) sum[name] += Number(row[name] ?? 0)
  }

  finish(): SpendSum[] {
    return [...this.groups.values()].sort((a, b) => (a.cost_nanousd < b.cost_nanousd ? 1 : a.cost_nanousd > b.cost_nanousd ? -1 : a.key.join().localeCompare(b.key.join())))
  }

  private valueOf(group: SpendGroup, row: Row, hourMs: number): string {
    if (group === 'org') return this.tenant.org_id
    if (group === 'hour') return new Date(hourMs).toISOString()
    if (group !== 'day') return String(row[COLUMN[group]] ?? '')
    let offset = this.offsets[0]?.offset_ms ?? 0
    for (const span of this.offsets) if (span.from_ms <= hourMs) offset = span.offset_ms
    return new Date(dayStart(this.query.time_zone, Math.floor((hourMs + offset) / 86_400_000))).toISOString()
  }
}
