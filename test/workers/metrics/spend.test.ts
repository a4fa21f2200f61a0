import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { rollupDays } from '../../../workers/adapters/d1/rollup-days.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { spendStore } from '../../../workers/adapters/d1/spend-store.ts'
import { SPEND_FILTERS, SPEND_GROUPS, type SpendFilter } from '../../../workers/contract/api.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { priceOf } from '../../../workers/domain/ledger.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import type { SpendGroup, SpendQuery, SpendSum } from '../../../workers/services/spend/port.ts'
import { freshTenant } from '../../support/batches.ts'
import { randomEvents, randomOf } from '../../support/metrics-fleet.ts'
import { localDate, type Placed } from '../../support/metrics-reference.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
const NOW = Date.UTC(2026, 10, 2, 14, 37, 12)
const START = NOW - 9 * DAY_MS
/** The range holds the end of summer time in both zones that have one. */
const ZONES = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York', 'Australia/Lord_Howe']

const tenant = freshTenant()
const other: ProjectTenant = { ...tenant, project_id: `${tenant.project_id}b`, workspace_id: `${tenant.workspace_id}b` }
const store = spendStore(
  () => db,
  () => NOW,
)
let events: Placed[]

/** Direct sums over the events: what the ledger must say. */
function ledgerSums(query: SpendQuery): Map<string, bigint> {
  const sums = new Map<string, bigint>(query.group_by.length === 0 ? [['[]', 0n]] : [])
  for (const placed of events) {
    const { event } = placed
    if (event.timestamp < query.from_ms || event.timestamp >= query.to_ms || priceOf(event, NO_PRICES) === null)
      continue
    const isAsked = ([name, values]: [string, readonly string[]]) =>
      values.includes(valueOf(placed, name as SpendFilter))
    if (!Object.entries(query.filters ?? {}).every(isAsked)) continue
    const key = JSON.stringify(query.group_by.map((group) => groupOf(placed, group, query)))
    sums.set(key, (sums.get(key) ?? 0n) + BigInt(event.cost_nanousd ?? 0))
  }
  return sums
}

function groupOf(placed: Placed, group: SpendGroup, query: SpendQuery): string {
  const { event } = placed
  const hour = event.timestamp - (event.timestamp % HOUR_MS)
  switch (group) {
    case 'org':
      return tenant.org_id
    case 'hour':
      return new Date(hour).toISOString()
    case 'day':
      return localDate(query.group_by.includes('hour') ? hour : event.timestamp, query.time_zone)
    default:
      return valueOf(placed, group)
  }
}

function valueOf({ event, project_id, workspace_id }: Placed, name: SpendFilter): string {
  switch (name) {
    case 'workspace':
      return workspace_id
    case 'project':
      return project_id
    case 'provider':
    case 'model':
    case 'environment':
    case 'workflow_version':
      return event[name] ?? ''
    default:
      return event[`${name}_id`] ?? ''
  }
}

function keyOf(sum: SpendSum, query: SpendQuery): string {
  return JSON.stringify(
    sum.key.map((value, i) => (query.group_by[i] === 'day' ? localDate(Date.parse(value), query.time_zone) : value)),
  )
}

async function expectExact(query: SpendQuery): Promise<void> {
  const sums = await store.spend(tenant, [tenant.project_id, other.project_id], query)
  const found = new Map(sums.map((sum) => [keyOf(sum, query), sum.cost_nanousd]))
  expect(found.size, 'each key once').toBe(sums.length)
  const sorted = (map: Map<string, bigint>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1))
  expect(sorted(found), JSON.stringify(query)).toEqual(sorted(ledgerSums(query)))
}

/** What events of the fleet say, what they leave out, and what none of them says. */
const VALUES: Record<Exclude<SpendFilter, 'project'>, readonly string[]> = {
  workspace: [tenant.workspace_id, other.workspace_id],
  environment: ['production', 'staging', ''],
  agent: ['a1', 'a2', '', 'nobody'],
  workflow: ['w1', 'w2', 'w3', ''],
  workflow_version: ['v1', 'v2', ''],
  model: ['m1', "m'3", ''],
  provider: ['openai', 'anthropic', ''],
  user: ['user-0', 'user-1', 'user-2', ''],
}
const FILTERS = SPEND_FILTERS.filter((name) => name !== 'project')

function randomFilters(random: () => number): NonNullable<SpendQuery['filters']> {
  return Object.fromEntries(
    FILTERS.filter(() => random() < 0.2).map((name) => [name, VALUES[name].filter(() => random() < 0.6)]),
  )
}

/** Random ranges (aligned or not), groups, zones and filters; the same ones each time. */
function randomQueries(seed: number, count: number): SpendQuery[] {
  const random = randomOf(seed)
  const at = (from: number, to: number) => from + Math.floor(random() * (to - from))
  const align = (ms: number) => (random() < 0.5 ? ms - (ms % HOUR_MS) : random() < 0.5 ? ms - (ms % DAY_MS) : ms)
  return Array.from({ length: count }, () => {
    const from_ms = align(at(START, NOW - 2 * HOUR_MS))
    const to_ms = random() < 0.3 ? NOW + 600_000 : Math.max(align(at(from_ms, NOW)), from_ms + 60_000)
    const group_by = SPEND_GROUPS.filter(() => random() < 0.22)
    const time_zone = ZONES[Math.floor(random() * ZONES.length)] ?? 'UTC'
    return { from_ms, to_ms, group_by, time_zone, ...(random() < 0.6 && { filters: randomFilters(random) }) }
  })
}

describe('spend', () => {
  beforeAll(async () => {
    events = [
      ...(await commitEvents(db, tenant, randomEvents(11, 900, START, NOW), 30)),
      ...(await commitEvents(db, other, randomEvents(12, 200, START, NOW), 20)),
    ]
    await commitEvents(
      db,
      { ...tenant, project_id: `${tenant.project_id}hidden` },
      randomEvents(13, 50, START, NOW),
      20,
    )
    await commitEvents(db, freshTenant(), randomEvents(14, 50, START, NOW), 20)
  })

  const exactly = () =>
    it('equals a direct sum over the ledger, for any range, groups and zone', async () => {
      for (const query of randomQueries(21, 120)) await expectExact(query)
      for (const group of SPEND_GROUPS)
        await expectExact({
          from_ms: START - DAY_MS,
          to_ms: NOW + 600_000,
          group_by: [group],
          time_zone: 'Asia/Kolkata',
        })
      await expectExact({ from_ms: START, to_ms: NOW + 600_000, group_by: [], time_zone: 'UTC' })
    })

  const filtered = () =>
    it('equals it of what is asked for only, by each filter alone and with each group', async () => {
      const range = { from_ms: START - DAY_MS, to_ms: NOW + 600_000, time_zone: 'Europe/Berlin' }
      for (const name of FILTERS) {
        for (const group of SPEND_GROUPS)
          await expectExact({ ...range, group_by: [group], filters: { [name]: VALUES[name].slice(0, 2) } })
        await expectExact({ ...range, group_by: [], filters: { [name]: VALUES[name] } })
      }
      await expectExact({ ...range, group_by: ['project'], filters: { user: ['', 'user-1'] } })
      await expectExact({ ...range, group_by: ['user'], filters: { user: ['', 'user-1'], environment: ['staging'] } })
    })

  const all = () => {
    exactly()
    filtered()
  }
  describe('before anything is merged', all)
  describe('when all is merged', () => {
    beforeAll(async () => {
      while (await rollupStore(db).roll(tenant.org_id));
    })
    all()
  })
  describe('when past days are packed', () => {
    beforeAll(async () => {
      await rollupDays(db, 1).pack(NOW)
      const packed = await db
        .prepare(`SELECT count(*) AS n FROM rollup WHERE org_id = ?1 AND kind = 'total@day'`)
        .bind(tenant.org_id)
        .first<{ n: number }>()
      expect(packed?.n).toBeGreaterThan(9)
    })
    all()
  })
  describe('when events of packed days come late', () => {
    beforeAll(async () => {
      const late = randomEvents(15, 120, START, NOW - 3 * DAY_MS).map((event) => ({
        ...event,
        trace_id: `late-${event.trace_id}`,
        event_id: event.event_id && `late-${event.event_id}`,
      }))
      const placed = await commitEvents(db, tenant, late, 40)
      events.push(...placed)
      while (await rollupStore(db).roll(tenant.org_id));
    })
    all()
  })

  it('says what it sums to past 2^53', async () => {
    const total = await store.spend(tenant, [tenant.project_id, other.project_id], {
      from_ms: START,
      to_ms: NOW + 600_000,
      group_by: ['org'],
      time_zone: 'UTC',
    })
    expect(total[0]?.cost_nanousd).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER))
  })
})
