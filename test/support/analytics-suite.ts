import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shortHash } from '../../workers/adapters/hash.ts'
import { metricsSink } from '../../workers/adapters/metrics/analytics-engine/sink.ts'
import { analyticsEngineMetrics } from '../../workers/adapters/metrics/analytics-engine/store.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { MetricsQuery } from '../../workers/contract/metrics.ts'
import type { ProjectTenant } from '../../workers/contract/tenant.ts'
import { planCommit } from '../../workers/domain/commit-plan.ts'
import type { MetricsStore } from '../../workers/services/metrics/port.ts'
import { DATASET, sqlApi, type SqlEngine, type StoredPoint } from './analytics-engine.ts'
import { freshTenant, makeBatch } from './batches.ts'
import { contractQueries, expectSame, type Leeway } from './metrics-contract.ts'
import { randomEvents } from './metrics-fleet.ts'
import { NO_PRICES } from '../../workers/domain/price-book.ts'
import type { Placed } from './metrics-reference.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
export const ACCOUNT = '0123456789abcdef0123456789abcdef'
export const TOKEN = 'a-token-that-nobody-may-see'

/** What ClickHouse computes differently from us: the rank of a quantile, and sums in doubles. */
const LEEWAY: Leeway = { rankOf: (q, n) => Math.max(0, Math.ceil(q * n) - 1), money_in_doubles: true }

/** Never asked, or the test fails: Analytics Engine has to answer by itself. */
export const NO_OTHER: MetricsStore = {
  query: () => Promise.reject(new Error('the exact store was asked')),
  queries: () => Promise.reject(new Error('the exact store was asked')),
}

const isOfUsers = ({ kind, measures, dimensions, filters }: MetricsQuery) =>
  kind === 'user' ||
  measures.includes('unique_users') ||
  [...dimensions, ...filters.map(({ dimension }) => dimension)].includes('user_id')

export function storeOver(engine: Pick<SqlEngine, 'run'>, exact = NO_OTHER, now = NOW, fresh_ms = 0): MetricsStore {
  const { fetch } = sqlApi(engine)
  return analyticsEngineMetrics({
    account_id: ACCOUNT,
    token: TOKEN,
    dataset: DATASET,
    fetch,
    now: () => now,
    exact,
    fresh_ms,
  })
}

/** The points of events, written as the pipeline writes them: each `size` are one invocation's. */
export function writtenPoints(
  tenant: ProjectTenant,
  events: readonly CanonicalEvent[],
  size: number,
  random: () => number = Math.random,
): StoredPoint[] {
  const sorted = [...events].sort((a, b) => a.timestamp - b.timestamp)
  const stored: StoredPoint[] = []
  for (let i = 0; i < sorted.length; i += size) {
    const part = sorted.slice(i, i + size)
    const written_ms = (part.at(-1)?.timestamp ?? 0) + 500
    const sink = metricsSink(
      { writeDataPoint: (point = {}) => void stored.push({ written_ms, sample_interval: 1, point }) },
      random,
    )
    const tools = { pricesOf: () => NO_PRICES, shortHash, hex: () => '' }
    for (const { header, counts, money } of planCommit([makeBatch(tenant, part)], tools).projects)
      sink.add(header, [{ project_id: header.project_id, workspace_id: header.workspace_id, counts, money }])
    sink.flush()
  }
  return stored
}

export function placed(tenant: ProjectTenant, events: readonly CanonicalEvent[]): Placed[] {
  return events.map((event) => ({ event, project_id: tenant.project_id, workspace_id: tenant.workspace_id }))
}

/** The contract of MetricsStore, for Analytics Engine's back end over whatever evaluates its SQL. */
export function analyticsContract(makeEngine: () => SqlEngine): void {
  const first = freshTenant()
  const second: ProjectTenant = { ...first, project_id: `${first.project_id}b`, workspace_id: `${first.workspace_id}b` }
  const hidden: ProjectTenant = { ...first, project_id: `${first.project_id}c` }
  const projects = [first.project_id, second.project_id]
  let engine: SqlEngine
  let events: Placed[]

  beforeAll(() => {
    engine = makeEngine()
    const own = randomEvents(1, 700, NOW - 5 * DAY_MS, NOW)
    const more = randomEvents(2, 150, NOW - 2 * DAY_MS, NOW)
    events = [...placed(first, own), ...placed(second, more)]
    engine.load([
      ...writtenPoints(first, own, 8),
      ...writtenPoints(second, more, 8),
      ...writtenPoints(hidden, randomEvents(3, 60, NOW - DAY_MS, NOW), 20),
      ...writtenPoints(freshTenant(), randomEvents(4, 60, NOW - DAY_MS, NOW), 20),
    ])
  })
  afterAll(() => engine.close())

  describe('answers as D1 does', () => {
    it.each(contractQueries(NOW).filter(({ query }) => !isOfUsers(query)))('$name', async ({ query }) => {
      const answer = await storeOver(engine).query(first, projects, query)
      expectSame(answer, events, query, LEEWAY)
      expect(answer.meta).toMatchObject({ back_end: 'analytics_engine', sampled: false, approximate: true })
    })
  })

  it.each(contractQueries(NOW).filter(({ query }) => isOfUsers(query)))(
    '$name is left to the exact store: points name no users',
    async ({ query }) => {
      await expect(storeOver(engine).query(first, projects, query)).rejects.toThrow('the exact store was asked')
      const stored = writtenPoints(first, [...events.map(({ event }) => ({ ...event, user_id: 'ann-4711' }))], 8)
      expect(JSON.stringify(stored)).not.toContain('ann-4711')
    },
  )

  it('reads nothing without projects, and asks nobody', async () => {
    const asked: string[] = []
    const store = storeOver({ run: (sql) => (asked.push(sql), engine.run(sql)) })
    expect((await store.query(first, [], week({ measures: ['count', 'cost_usd'] }))).data).toEqual([
      { count: 0, cost_usd: '0.000000000' },
    ])
    expect(asked).toEqual([])
  })

  it('reads nothing of another organization, whatever projects are named', async () => {
    const answer = await storeOver(engine).query(freshTenant(), projects, week({ measures: ['count'] }))
    expect(answer.data).toEqual([{ count: 0 }])
  })

  it.each(HOSTILE)('finds the model %j, and leaves it out', async (model) => {
    const tenant = freshTenant()
    const named = randomEvents(5, 30, NOW - 3 * DAY_MS, NOW).map((event, i) => ({
      ...event,
      event_type: 'agent.step.completed' as const,
      model: i % 3 === 0 ? model : `not ${model}`,
    }))
    engine.load(writtenPoints(tenant, named, 10))
    for (const op of ['eq', 'neq'] as const) {
      const query = week({
        kind: 'llm',
        measures: ['count', 'cost_usd'],
        dimensions: ['model'],
        filters: [{ dimension: 'model', op, values: [model, 'another'] }],
      })
      const answer = await storeOver(engine).query(tenant, [tenant.project_id], query)
      expect(answer.data.map((row) => row.model)).toEqual([op === 'eq' ? model : `not ${model}`])
      expectSame(answer, placed(tenant, named), query, LEEWAY)
    }
  })

  it('weighs what was sampled, and says so', async () => {
    const tenant = freshTenant()
    const alike = sameEvents(1000)
    // A count and a money point each.
    const every10th = writtenPoints(tenant, alike, 1).filter((_, i) => Math.floor(i / 2) % 10 === 0)
    engine.load(every10th.map((stored) => ({ ...stored, sample_interval: 10 })))
    const query = week({
      kind: 'llm',
      measures: ['count', 'errors', 'success_rate', 'cost_usd', 'tokens_total', 'latency_avg_ms', 'latency_p50_ms'],
      dimensions: ['model'],
    })
    const answer = await storeOver(engine).query(tenant, [tenant.project_id], query)
    expectSame(answer, placed(tenant, alike), query, LEEWAY)
    expect(answer.meta.sampled).toBe(true)
  })

  it('takes the percentiles of all latencies of a group, not of one', async () => {
    const tenant = freshTenant()
    const spread = sameEvents(120).map((event, i) => ({ ...event, latency_ms: (i * i) % 977 }))
    engine.load(writtenPoints(tenant, spread, 24))
    const measures: MetricsQuery['measures'] = ['count', 'latency_p50_ms', 'latency_p90_ms', 'latency_p99_ms']
    for (const step of ['total', 'hour'] as const) {
      const query = week({ kind: 'llm', measures, step })
      const answer = await storeOver(engine).query(tenant, [tenant.project_id], query)
      expectSame(answer, placed(tenant, spread), query, LEEWAY)
    }
  })

  it('begins with the first minute of a range and ends before the last', async () => {
    const tenant = freshTenant()
    const from = NOW - (NOW % DAY_MS) - 2 * DAY_MS
    const edges = [from - 1, from, from + 3_599_999, from + 3_600_000].map((timestamp, i) => ({
      ...(sameEvents(1)[0] as CanonicalEvent),
      timestamp,
      span_id: `edge ${i}`,
    }))
    engine.load(writtenPoints(tenant, edges, 1))
    const query = week({
      kind: 'llm',
      measures: ['count', 'cost_usd'],
      from: new Date(from).toISOString(),
      to: new Date(from + 3_600_000).toISOString(),
    })
    const answer = await storeOver(engine).query(tenant, [tenant.project_id], query)
    expect(answer.data).toEqual([{ count: 2, cost_usd: '0.014000002' }])
  })

  it('finds what was sent days after it happened', async () => {
    const tenant = freshTenant()
    const late = sameEvents(4)
    engine.load(writtenPoints(tenant, late, 4).map((stored) => ({ ...stored, written_ms: NOW })))
    const query = week({ kind: 'llm', measures: ['count'] })
    expectSame(await storeOver(engine).query(tenant, [tenant.project_id], query), placed(tenant, late), query)
  })
}

/** Texts that would end a literal, or mean something else inside one. */
export const HOSTILE = [
  "it's",
  "' OR 1=1 --",
  "'); SELECT 1; --",
  'back\\slash',
  'ends with \\',
  "\\' OR 1=1 --",
  'line\nbreak\r\ttab',
  'a\0b',
  '"double" `back`',
  '/* comment */',
  'größer 🦊 ಠ',
  '{curly:String} $1 ?',
  '%_like%',
]

function week(query: Partial<MetricsQuery> & Pick<MetricsQuery, 'measures'>): MetricsQuery {
  return MetricsQuery.parse({
    from: new Date(NOW - 5 * DAY_MS).toISOString(),
    to: new Date(NOW).toISOString(),
    ...query,
  })
}

function sameEvents(count: number): CanonicalEvent[] {
  return Array.from({ length: count }, (_, i) => ({
    event_type: 'agent.step.completed',
    timestamp: NOW - 2 * DAY_MS + i * 1000,
    trace_id: `t${i}`,
    span_id: `s${i}`,
    model: 'm',
    provider: 'p',
    status: 'ok',
    latency_ms: 250,
    tokens_prompt: 10,
    tokens_completion: 5,
    cost_nanousd: 7_000_001,
  }))
}
