import type { Kind } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { MONEY_KINDS } from '../../domain/metrics-plan.ts'
import { ADJUSTMENT_MARK } from '../../domain/repricing.ts'
import { HOUR_MS } from '../../domain/rollup-merge.ts'
import type { ModelUseStore, UseKey, UseQuery, UseSource, UseSum } from '../../services/spend/models.ts'
import { entrySql } from './ledger-entries.ts'
import { columnsOf, sourceSql, Values, type RollupRead, type Span } from './rollup-read.ts'

/** Entries whose sources are read: about half a second of the database's time. */
const DETAIL_ENTRIES_MAX = 200_000
const TOKENS = [
  'tokens_prompt',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_completion',
  'tokens_reasoning',
] as const
const MONEY = ['cost_nanousd', 'paid', 'unpriced', ...TOKENS] as const
const TOOL: Kind = 'tool'

interface Statement {
  sql: string
  values: Values
}

type Row = Omit<UseSum, 'cost_nanousd'> & { cost: string }

/**
 * Models and tools of a range. Whole hours come from rollups and the deltas after them, ragged ends from the ledger, as
 * spend does; by what they are priced only the ledger knows, whose newest entries are read.
 */
export function modelUseStore(shardOf: (tenant: Tenant) => D1Database): ModelUseStore {
  return {
    async uses(tenant, projectIds, query) {
      const db = shardOf(tenant)
      const { hours, ends } = parts(query)
      const others = MONEY_KINDS.filter((kind) => kind !== TOOL)
      const reads = [
        ...hours.flatMap((span) => [
          hourRead(tenant, projectIds, span, others, false),
          hourRead(tenant, projectIds, span, [TOOL], true),
        ]),
        ...(ends.length > 0 ? [ledgerRead(tenant, projectIds, ends)] : []),
      ]
      const statements = reads.map(({ sql, values }) => db.prepare(sql).bind(...values.list))
      const counts = hours.map((span) => countRead(tenant, projectIds, span))
      const results = await db.batch<Row & { at: number; n: number }>([
        ...statements,
        ...counts.map(({ sql, values }) => db.prepare(sql).bind(...values.list)),
      ])
      const rows = results.slice(0, reads.length).flatMap((result) => result.results)
      const detail_ms = detailFrom(
        query,
        results.slice(reads.length).flatMap((result) => result.results),
      )
      return {
        sums: summed(rows),
        sources: await sourcesOf(db, tenant, projectIds, { ...query, from_ms: detail_ms }),
        detail_ms,
      }
    },
  }
}

function parts({ from_ms, to_ms }: UseQuery): { hours: Span[]; ends: Span[] } {
  const from = Math.ceil(from_ms / HOUR_MS) * HOUR_MS
  const to = Math.floor(to_ms / HOUR_MS) * HOUR_MS
  if (from >= to) return { hours: [], ends: [{ from_ms, to_ms }] }
  const ends = [
    { from_ms, to_ms: from },
    { from_ms: to, to_ms },
  ]
  return { hours: [{ from_ms: from, to_ms: to }], ends: ends.filter((span) => span.from_ms < span.to_ms) }
}

function readOf({ org_id }: Tenant, projectIds: readonly string[], span: Span, kinds: readonly Kind[]): RollupRead {
  return {
    org_id,
    project_ids: projectIds,
    kind: null,
    money_kinds: kinds,
    hours: [span],
    time: 'none',
    days: true,
    columns: columnsOf('llm', ['provider', 'model']),
    filters: [],
    counts: [],
    money: MONEY,
    histogram: false,
  }
}

function hourRead(
  tenant: Tenant,
  ids: readonly string[],
  span: Span,
  kinds: readonly Kind[],
  byTool: boolean,
): Statement {
  const values = new Values()
  const columns = columnsOf('llm', byTool ? ['provider', 'model', 'tool_name'] : ['provider', 'model'])
  const source = sourceSql({ ...readOf(tenant, ids, span, kinds), columns }, values)
  const tool = byTool ? 'tool_name' : `'' AS tool_name`
  const sums = ['sum(paid) AS calls', ...['unpriced', ...TOKENS].map((name) => `sum(${name}) AS ${name}`)]
  return {
    sql: `${source}SELECT provider, model, ${tool}, CAST(sum(cost_nanousd) AS TEXT) AS cost, ${sums.join(', ')} FROM src GROUP BY provider, model${byTool ? ', tool_name' : ''} HAVING sum(paid) > 0`,
    values,
  }
}

/** Entries by hour, newest first. */
function countRead(tenant: Tenant, ids: readonly string[], span: Span): Statement {
  const values = new Values()
  const read = { ...readOf(tenant, ids, span, ['total']), columns: [], money: ['paid'] as const, time: 'hour' as const }
  return {
    sql: `${sourceSql({ ...read, days: false }, values)}SELECT at, sum(paid) AS n FROM src GROUP BY at ORDER BY at DESC`,
    values,
  }
}

function ledgerRead({ org_id }: Tenant, projectIds: readonly string[], spans: readonly Span[]): Statement {
  const values = new Values()
  const entries = entrySql(projectIds, spans, values)
  const sums = TOKENS.map((name) => `sum(${name}) AS ${name}`)
  return {
    sql: `${entries}
SELECT provider, model, iif(kind = '${TOOL}', tool_name, '') AS tool_name, CAST(sum(cost_nanousd) AS TEXT) AS cost,
  sum(adjusts = '') AS calls, sum(cost_source = 'unpriced') - sum(adjusts_source = 'unpriced') AS unpriced, ${sums.join(', ')}
FROM entry WHERE org_id = ${values.add(org_id)} GROUP BY 1, 2, 3`,
    values,
  }
}

/** From when on there are no more entries than are read; the ends of the range are less than an hour each. */
function detailFrom({ from_ms, to_ms }: UseQuery, hours: readonly { at: number; n: number }[]): number {
  let entries = 0
  for (const { at, n } of hours) {
    entries += n
    if (entries > DETAIL_ENTRIES_MAX) return Math.min(to_ms, at + HOUR_MS)
  }
  return from_ms
}

/** An entry's adjustments follow it in the tree: the last of them says by what it is priced now. */
const LAST = `NOT EXISTS (SELECT 1 FROM ledger a WHERE a.project_id = entry.project_id AND a.event_key > entry.event_key
  AND a.event_key > coalesce(nullif(entry.adjusts, ''), entry.event_key) || '${ADJUSTMENT_MARK}'
  AND a.event_key < coalesce(nullif(entry.adjusts, ''), entry.event_key) || '${ADJUSTMENT_MARK}${ADJUSTMENT_MARK}')`

async function sourcesOf(
  db: D1Database,
  { org_id }: Tenant,
  projectIds: readonly string[],
  span: Span,
): Promise<UseSource[]> {
  const values = new Values()
  const { results } = await db
    .prepare(
      `${entrySql(projectIds, [span], values)}
SELECT provider, model, iif(kind = '${TOOL}', tool_name, '') AS tool_name, cost_source, price_version, count(*) AS calls,
  sum(tokens_prompt + tokens_completion) AS tokens, max(ts_ms) AS last_ms
FROM entry WHERE org_id = ${values.add(org_id)} AND ${LAST} GROUP BY 1, 2, 3, 4, 5`,
    )
    .bind(...values.list)
    .all<UseSource>()
  return results
}

function summed(rows: readonly Row[]): UseSum[] {
  const sums = new Map<string, UseSum>()
  for (const { cost, ...row } of rows) {
    const key = keyOf(row)
    const sum = sums.get(key)
    if (sum === undefined) {
      const { provider, model, tool_name, calls, unpriced } = row
      const tokens = Object.fromEntries(TOKENS.map((name) => [name, row[name]])) as Pick<
        UseSum,
        (typeof TOKENS)[number]
      >
      sums.set(key, { provider, model, tool_name, cost_nanousd: BigInt(cost), calls, unpriced, ...tokens })
      continue
    }
    sum.cost_nanousd += BigInt(cost)
    for (const name of ['calls', 'unpriced', ...TOKENS] as const) sum[name] += row[name]
  }
  return [...sums.values()].filter(({ calls }) => calls > 0)
}

const keyOf = ({ provider, model, tool_name }: UseKey) => `${provider}\0${model}\0${tool_name}`
