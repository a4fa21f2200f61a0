import { SPEND_FILTERS, type SpendFilter } from '../../contract/api.ts'
import type { Dimension, Kind } from '../../contract/metrics.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { MONEY_KINDS } from '../../domain/metrics-plan.ts'
import { DAY_MS, HOUR_MS } from '../../domain/rollup-merge.ts'
import { dayStart, offsetSpans, type OffsetSpan } from '../../domain/time-zone.ts'
import type { SpendGroup, SpendQuery, SpendStore } from '../../services/spend/port.ts'
import { columnsOf, offsetSql, sourceSql, Values, type RollupRead, type Span } from './rollup-read.ts'
import { cacheUses } from './cache-uses.ts'
import { condition, conditions, entrySql, SPEND_COLUMN, whereSql } from './ledger-entries.ts'
import { SPEND_COUNTS, SPEND_TOKENS, SpendSums, type SpendPart } from './spend-sums.ts'

/** What `total` rows carry. */
const PLACE = new Set<SpendGroup | SpendFilter>(['org', 'workspace', 'project', 'environment', 'day', 'hour'])
/** No event is accepted that lies further ahead; a second for the way from the asker to here. */
const AHEAD_MS = 600_000 - 1_000

type Row = Record<string, string | number | null>

/** What comes from rollups, whole hours, and what from the ledger's own rows. */
interface Sources {
  hours: Span[]
  ledger: Span[]
}

/**
 * Spend to the nano-dollar. Whole hours come from rollups and the deltas after them, which sum up exactly the ledger's
 * rows; ragged ends, and hours that a local midnight parts, come from the ledger's rows. One batch is one snapshot.
 */
export function spendStore(shardOf: (tenant: Tenant) => D1Database, now: () => number = Date.now): SpendStore {
  return {
    cacheUses: (tenant, projectIds, query) => cacheUses(shardOf(tenant), tenant, projectIds, query),
    async spend(tenant, projectIds, query) {
      const db = shardOf(tenant)
      const offsets = query.group_by.includes('day') ? offsetSpans(query.time_zone, query.from_ms, query.to_ms) : []
      const sources = sourcesOf(query, offsets, now())
      const reads: Read[] = []
      if (sources.hours.length > 0) reads.push(...hourReads(tenant, projectIds, query, offsets, sources.hours))
      if (sources.ledger.length > 0) reads.push(ledgerRead(tenant, projectIds, query, offsets, sources.ledger))
      const sums = new SpendSums(query.group_by.length)
      const results =
        reads.length === 0 ? [] : await db.batch<Row>(reads.map((read) => db.prepare(read.sql).bind(...read.values)))
      for (const [i, read] of reads.entries()) {
        for (const row of results[i]?.results ?? []) read.take(sums, keyOf(tenant, query, offsets, row), partOf(row))
      }
      return sums.finish()
    },
  }
}

interface Read {
  sql: string
  values: (string | number)[]
  take(sums: SpendSums, key: string[], part: SpendPart): void
}

function sourcesOf(query: SpendQuery, offsets: readonly OffsetSpan[], nowMs: number): Sources {
  const from = Math.ceil(query.from_ms / HOUR_MS) * HOUR_MS
  const to =
    (query.to_ms >= nowMs + AHEAD_MS ? Math.ceil(query.to_ms / HOUR_MS) : Math.floor(query.to_ms / HOUR_MS)) * HOUR_MS
  // Users are counted apart from agents, workflows and models: only the ledger knows both of an entry.
  const told = toldApartBy(query)
  const together = told.includes('user') && told.some((name) => name !== 'user' && !PLACE.has(name))
  if (together || from >= to) return { hours: [], ledger: [{ from_ms: query.from_ms, to_ms: query.to_ms }] }
  const hours: Span[] = []
  const ledger: Span[] = [
    { from_ms: query.from_ms, to_ms: from },
    { from_ms: to, to_ms: query.to_ms },
  ]
  let at = from
  for (const parted of partedHours(query, offsets, from, to)) {
    hours.push({ from_ms: at, to_ms: parted })
    ledger.push({ from_ms: parted, to_ms: parted + HOUR_MS })
    at = parted + HOUR_MS
  }
  hours.push({ from_ms: at, to_ms: to })
  const filled = (span: Span) => span.from_ms < span.to_ms
  return { hours: hours.filter(filled), ledger: ledger.filter(filled) }
}

/** Hours of [from, to) within which a local day begins: zones whose offset is no whole number of hours. */
function partedHours(query: SpendQuery, offsets: readonly OffsetSpan[], from: number, to: number): number[] {
  if (offsets.every((span) => span.offset_ms % HOUR_MS === 0)) return []
  const parted = new Set<number>()
  const first = Math.floor((from + (offsets[0]?.offset_ms ?? 0)) / DAY_MS)
  for (let day = first; ; day++) {
    const start = dayStart(query.time_zone, day)
    if (start >= to) return [...parted]
    if (start > from && start % HOUR_MS !== 0) parted.add(Math.floor(start / HOUR_MS) * HOUR_MS)
  }
}

const MONEY = ['cost_nanousd', 'paid', ...SPEND_COUNTS, ...SPEND_TOKENS] as const

/** By user: what users spent, and what is left of the total for those whom no event named. */
function hourReads(
  tenant: Tenant,
  projectIds: readonly string[],
  query: SpendQuery,
  offsets: readonly OffsetSpan[],
  hours: readonly Span[],
): Read[] {
  const { group_by, filters = {} } = query
  const { user: users, ...others } = filters
  const read = (
    kinds: readonly Kind[],
    groups: readonly SpendGroup[],
    only: RollupRead['filters'],
    take: Read['take'],
  ) => hourRead(tenant, projectIds, groups, offsets, hours, kinds, [...conditions(others), ...only], take)
  const add: Read['take'] = (sums, key, part) => sums.add(key, part)
  const isNamed = users !== undefined && !users.includes('')
  const named = condition('user', 'eq', users ?? [])
  if (isNamed) return [read(['user'], group_by, [named], add)]
  if (!group_by.includes('user')) {
    if (users === undefined)
      return [read(toldApartBy(query).every((name) => PLACE.has(name)) ? ['total'] : MONEY_KINDS, group_by, [], add)]
    const unasked = condition('user', 'neq', users)
    return [
      read(['total'], group_by, [], add),
      read(['user'], group_by, [unasked], (sums, key, part) => sums.subtract(key, part)),
    ]
  }
  const at = group_by.indexOf('user')
  const groups = group_by.filter((group) => group !== 'user')
  return [
    read(['total'], groups, [], add),
    read(['user'], group_by, [], (sums, key, part) => {
      if (users === undefined || users.includes(key[at] ?? '')) sums.add(key, part)
      sums.subtract(key.with(at, ''), part)
    }),
  ]
}

/** Everything by which the entries of a query are told apart. */
function toldApartBy({ group_by, filters = {} }: SpendQuery): (SpendGroup | SpendFilter)[] {
  return [...group_by, ...SPEND_FILTERS.filter((name) => name !== 'project' && filters[name] !== undefined)]
}

function hourRead(
  tenant: Tenant,
  projectIds: readonly string[],
  groups: readonly SpendGroup[],
  offsets: readonly OffsetSpan[],
  hours: readonly Span[],
  kinds: readonly Kind[],
  filters: RollupRead['filters'],
  take: Read['take'],
): Read {
  const values = new Values()
  const columns = dimensionsOf(groups)
  const byDay = groups.includes('day') && offsets.some((span) => span.offset_ms !== 0)
  const read: RollupRead = {
    org_id: tenant.org_id,
    project_ids: projectIds,
    kind: null,
    money_kinds: kinds,
    hours,
    time: groups.includes('hour') ? 'hour' : groups.includes('day') ? offsets : 'none',
    days: !kinds.includes('user') && !groups.includes('hour') && !byDay,
    columns: columnsOf('total', columns),
    filters,
    counts: [],
    money: MONEY,
    histogram: false,
  }
  const keys = ['at', ...columns].join(', ')
  const sums = [
    'CAST(sum(cost_nanousd) AS TEXT) AS cost',
    'sum(paid) AS entries',
    ...[...SPEND_COUNTS, ...SPEND_TOKENS].map((name) => `sum(${name}) AS ${name}`),
  ]
  return {
    sql: `${sourceSql(read, values)}SELECT ${keys}, ${sums.join(', ')} FROM src GROUP BY ${keys} HAVING sum(paid) > 0`,
    values: values.list,
    take,
  }
}

function ledgerRead(
  tenant: Tenant,
  projectIds: readonly string[],
  query: SpendQuery,
  offsets: readonly OffsetSpan[],
  spans: readonly Span[],
): Read {
  const values = new Values()
  const entries = entrySql(projectIds, spans, values)
  const columns = dimensionsOf(query.group_by)
  const where = whereSql(tenant, query.filters, values)
  const keys = ['at', ...columns].join(', ')
  const sums = [
    'CAST(sum(cost_nanousd) AS TEXT) AS cost',
    `sum(adjusts = '') AS entries`,
    `sum(cost_source = 'unpriced') - sum(adjusts_source = 'unpriced') AS unpriced`,
    ...SPEND_TOKENS.map((name) => `sum(${name}) AS ${name}`),
  ]
  const sql = `${entries}
SELECT ${[ledgerTime(query.group_by, offsets, values), ...columns].join(', ')}, ${sums.join(', ')} FROM entry WHERE ${where} GROUP BY ${keys}`
  return { sql, values: values.list, take: (into, key, part) => into.add(key, part) }
}

function ledgerTime(groups: readonly SpendGroup[], offsets: readonly OffsetSpan[], values: Values): string {
  if (groups.includes('hour')) return `ts_ms / ${HOUR_MS} * ${HOUR_MS} AS at`
  if (!groups.includes('day')) return '0 AS at'
  return `(ts_ms + ${offsetSql(offsets, 'ts_ms', values)}) / ${DAY_MS} AS at`
}

function dimensionsOf(groups: readonly SpendGroup[]): Dimension[] {
  return groups.flatMap((group) => (group in SPEND_COLUMN ? [SPEND_COLUMN[group as SpendFilter]] : []))
}

function keyOf(tenant: Tenant, query: SpendQuery, offsets: readonly OffsetSpan[], row: Row): string[] {
  return query.group_by.map((group) => {
    if (group === 'org') return tenant.org_id
    if (group === 'hour') return new Date(Number(row.at)).toISOString()
    if (group === 'day')
      return new Date(dayStart(query.time_zone, dayIndex(query, offsets, Number(row.at)))).toISOString()
    return String(row[SPEND_COLUMN[group]] ?? '')
  })
}

/** By hour and day, an hour belongs to the day that it begins in. */
function dayIndex(query: SpendQuery, offsets: readonly OffsetSpan[], at: number): number {
  if (!query.group_by.includes('hour')) return at
  const offset = offsets.findLast((span) => span.from_ms <= at)?.offset_ms ?? offsets[0]?.offset_ms ?? 0
  return Math.floor((at + offset) / DAY_MS)
}

function partOf(row: Row): SpendPart {
  const numbers = [...SPEND_COUNTS, ...SPEND_TOKENS].map((name) => [name, Number(row[name] ?? 0)])
  return {
    cost_nanousd: BigInt(row.cost ?? 0),
    entries: Number(row.entries ?? 0),
    ...Object.fromEntries(numbers),
  } as SpendPart
}
