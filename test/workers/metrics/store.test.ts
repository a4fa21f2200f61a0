import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { rollupDays } from '../../../workers/adapters/d1/rollup-days.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { MetricsQuery } from '../../../workers/contract/metrics.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { addTo, binsOf } from '../../../workers/domain/histogram.ts'
import { kindOf } from '../../../workers/domain/rollup.ts'
import type { Histogram } from '../../../workers/domain/rollup-row.ts'
import { freshTenant } from '../../support/batches.ts'
import { contractQueries, expectSame } from '../../support/metrics-contract.ts'
import { randomEvents } from '../../support/metrics-fleet.ts'
import type { Placed } from '../../support/metrics-reference.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const QUERIES = contractQueries(NOW)

describe('MetricsStore on D1', () => {
  const first = freshTenant()
  const second: ProjectTenant = { ...first, project_id: `${first.project_id}b`, workspace_id: `${first.workspace_id}b` }
  const hidden: ProjectTenant = { ...first, project_id: `${first.project_id}c` }
  let store = d1Metrics(
    () => db,
    () => NOW,
  )
  let events: Placed[]

  beforeAll(async () => {
    events = [
      ...(await commitEvents(db, first, randomEvents(1, 700, NOW - 5 * DAY_MS, NOW), 20)),
      ...(await commitEvents(db, second, randomEvents(2, 150, NOW - 2 * DAY_MS, NOW), 10)),
    ]
    await commitEvents(db, hidden, randomEvents(3, 60, NOW - DAY_MS, NOW), 20)
    await commitEvents(db, freshTenant(), randomEvents(4, 60, NOW - DAY_MS, NOW), 20)
  })

  const answers = (name: string) => {
    it.each(QUERIES)(`$name, ${name}`, async ({ query }) => {
      expectSame(await store.query(first, [first.project_id, second.project_id], query), events, query)
    })
  }

  describe('before anything is merged', () => answers('from deltas'))
  describe('when half is merged', () => {
    beforeAll(async () => {
      const half = await db
        .prepare('SELECT seq FROM delta WHERE org_id = ?1 ORDER BY seq LIMIT 1 OFFSET 25')
        .bind(first.org_id)
        .first<{ seq: number }>()
      await rollupStore(limited(db, half?.seq ?? 0)).roll(first.org_id)
    })
    answers('from rollups and deltas')
  })
  describe('when all is merged', () => {
    beforeAll(async () => {
      while (await rollupStore(db).roll(first.org_id));
      expect(await rollupStore(db).roll(first.org_id)).toBe(false)
    })
    answers('from rollups')
  })
  describe('when past days are packed', () => {
    beforeAll(async () => {
      await rollupDays(db, 1).pack(NOW)
    })
    answers('from days')
  })
  describe('when more histograms are read than are merged outside of SQL', () => {
    beforeAll(async () => {
      store = d1Metrics(
        () => db,
        () => NOW,
        { histograms_max: 3 },
      )
    })
    answers('merged in SQL')
  })

  it('answers several questions as it answers each, and refuses one by itself', async () => {
    const projectIds = [first.project_id, second.project_id]
    const refused = { ...MetricsQuery.parse({ ...QUERIES[0]?.query, dimensions: [] }), kind: 'llm' as const }
    const asked = QUERIES.map(({ query }) => ({ projectIds, query }))
    asked.splice(2, 0, { projectIds, query: { ...refused, dimensions: ['tool_name'] } })
    const answers = await store.queries(first, asked)
    expect(answers[2]).toMatchObject({ code: 'invalid_input' })
    for (const [at, { query }] of asked.entries())
      if (at !== 2) expect(answers[at]).toEqual(await store.query(first, projectIds, query))
    expect(answers).toHaveLength(asked.length)
  })

  it('tells how latencies are spread, as the same buckets that every event falls in', async () => {
    const query = MetricsQuery.parse({
      kind: 'llm',
      measures: ['latency_histogram', 'latency_count'],
      dimensions: ['model'],
      from: new Date(NOW - 2 * DAY_MS).toISOString(),
      to: new Date(NOW).toISOString(),
    })
    const { data, meta } = await store.query(first, [first.project_id, second.project_id], query)
    const fromMs = Date.parse(meta.from ?? '')
    expect(data.length).toBeGreaterThan(1)
    for (const { model, latency_histogram, latency_count } of data) {
      const histogram: Histogram = {}
      for (const { event } of events) {
        const isCounted = kindOf(event) === 'llm' && (event.model ?? '') === model && event.timestamp >= fromMs
        if (isCounted && event.latency_ms !== undefined) addTo(histogram, event.latency_ms)
      }
      expect(latency_histogram).toEqual(binsOf(histogram))
      expect(binsOf(histogram).reduce((sum, [, , count]) => sum + count, 0)).toBe(latency_count)
    }
    expect(meta.approximate).toBe(true)
  })

  it('says when groups are left out', async () => {
    const query = MetricsQuery.parse({
      kind: 'user',
      measures: ['count'],
      dimensions: ['user_id'],
      from: new Date(NOW - DAY_MS).toISOString(),
      to: new Date(NOW).toISOString(),
      limit: 2,
    })
    const answer = await store.query(first, [first.project_id], query)
    expect(answer.data).toHaveLength(2)
    expect(answer.meta).toMatchObject({ truncated: true, approximate: false, sampled: false, back_end: 'd1' })
  })

  it('reads nothing without projects', async () => {
    const query = MetricsQuery.parse({
      measures: ['count', 'cost_usd'],
      from: new Date(NOW - DAY_MS).toISOString(),
      to: new Date(NOW).toISOString(),
    })
    expect((await store.query(first, [], query)).data).toEqual([{ count: 0, cost_usd: '0.000000000' }])
  })

  it('reads nothing of another organization, whatever projects are named', async () => {
    const query = MetricsQuery.parse({
      measures: ['count'],
      from: new Date(NOW - DAY_MS).toISOString(),
      to: new Date(NOW).toISOString(),
    })
    expect((await store.query(freshTenant(), [first.project_id], query)).data).toEqual([{ count: 0 }])
  })
})

/** A shard whose deltas end at `seq`, as they did when it was the newest. */
function limited(target: D1Database, seq: number): D1Database {
  return new Proxy(target, {
    get(inner, name) {
      if (name !== 'prepare') return (inner[name as keyof D1Database] as (...a: unknown[]) => unknown).bind(inner)
      return (sql: string) =>
        inner.prepare(
          sql.replace(
            'FROM delta WHERE org_id = ?1 AND seq > ?2 GROUP',
            `FROM delta WHERE org_id = ?1 AND seq > ?2 AND seq <= ${seq} GROUP`,
          ),
        )
    },
  })
}
