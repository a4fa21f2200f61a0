import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import { rollupDays } from '../../../workers/adapters/d1/rollup-days.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { MetricsQuery, type MetricsRow } from '../../../workers/contract/metrics.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { ALPHA } from '../../../workers/domain/histogram.ts'
import { freshTenant } from '../../support/batches.ts'
import { foldedAnswer, toldBy } from '../../support/facts-reference.ts'
import { randomEvents } from '../../support/metrics-fleet.ts'
import { localDate } from '../../support/metrics-reference.ts'
import { commitEvents } from '../../support/metrics-shard.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const HOUR_MS = 3_600_000
/** Europe puts its clocks back on 25 October 2026. */
const NOW = Date.UTC(2026, 9, 28, 11, 20)
const FROM = Date.UTC(2026, 9, 23, 22)

const tenant = freshTenant()
const events: CanonicalEvent[] = randomEvents(71, 900, FROM, NOW - HOUR_MS)
const store = d1Metrics(
  () => db,
  () => NOW,
)

const queryOf = (more: Partial<MetricsQuery>) =>
  MetricsQuery.parse({
    measures: ['count'],
    from: new Date(FROM).toISOString(),
    to: new Date(NOW - (NOW % HOUR_MS)).toISOString(),
    limit: 5000,
    ...more,
  })
const ask = async (more: Partial<MetricsQuery>) => (await store.query(tenant, [tenant.project_id], queryOf(more))).data

const QUERIES: [string, Partial<MetricsQuery>][] = [
  [
    'scores by name and version',
    { kind: 'score', measures: ['count', 'score_avg', 'score_stddev'], dimensions: ['score_name', 'workflow_version'] },
  ],
  [
    'scores of one prompt by day',
    {
      kind: 'score',
      measures: ['score_avg', 'count'],
      step: 'day',
      time_zone: 'Europe/Berlin',
      dimensions: ['score_name'],
      filters: [{ dimension: 'prompt_version', op: 'eq', values: ['p1'] }],
    },
  ],
  [
    'scores of models, but one',
    {
      kind: 'score',
      measures: ['score_avg'],
      dimensions: ['model', 'provider'],
      filters: [{ dimension: 'score_name', op: 'neq', values: ['marks'] }],
    },
  ],
  ['hosts by workflow', { kind: 'egress', measures: ['count', 'errors'], dimensions: ['egress_host', 'workflow_id'] }],
  [
    'one host by hour',
    {
      kind: 'egress',
      measures: ['count'],
      step: 'hour',
      filters: [{ dimension: 'egress_host', op: 'eq', values: ['a.example'] }],
    },
  ],
  [
    'personal data by type and workflow',
    { kind: 'pii', measures: ['count', 'pii_detected', 'pii_redacted'], dimensions: ['pii_type', 'workflow_id'] },
  ],
  [
    'personal data by day',
    { kind: 'pii', measures: ['pii_detected', 'pii_redacted'], step: 'day', time_zone: 'Europe/Berlin' },
  ],
  [
    'queues by agent and hour',
    { kind: 'queue', measures: ['count', 'value_avg'], dimensions: ['agent_id'], step: 'hour' },
  ],
  ['queues by day', { kind: 'queue', measures: ['count', 'value_avg'], step: 'day', time_zone: 'Europe/Berlin' }],
]

const keyOf = (row: MetricsRow, { step, time_zone, dimensions }: MetricsQuery) =>
  JSON.stringify([
    step === 'day' && String(row.time).length > 10 ? localDate(Date.parse(String(row.time)), time_zone) : row.time,
    ...dimensions.map((name) => row[name]),
  ])

function expectFolded(data: MetricsRow[], query: MetricsQuery): void {
  const wanted = new Map(foldedAnswer(events, query).map((row) => [keyOf(row, query), row]))
  expect(wanted.size).toBeGreaterThan(0)
  expect(data.map((row) => keyOf(row, query)).sort()).toEqual([...wanted.keys()].sort())
  for (const row of data) {
    for (const measure of query.measures) {
      const [actual, expected] = [row[measure] ?? null, wanted.get(keyOf(row, query))?.[measure] ?? null]
      if (measure.startsWith('score') && expected !== null)
        expect(Math.abs(Number(actual) - Number(expected)), measure).toBeLessThanOrEqual(1e-6)
      else expect(actual, `${measure} of ${keyOf(row, query)}`).toBe(expected)
    }
  }
}

beforeAll(async () => {
  await commitEvents(db, tenant, events, 60)
})

describe.each(['in deltas', 'in hours', 'in days'])('what events tell besides, %s', (where) => {
  beforeAll(async () => {
    if (where !== 'in deltas') while (await rollupStore(db).roll(tenant.org_id));
    if (where === 'in days') await rollupDays(db, 1).pack(NOW)
  })

  it.each(QUERIES)('%s', async (_, more) => {
    const query = queryOf(more)
    expectFolded(await ask(more), query)
  })

  it('percentiles of depths are within two percent', async () => {
    const [row] = await ask({ kind: 'queue', measures: ['value_p50', 'value_p90', 'value_p99'] })
    const { to } = queryOf({})
    const depths = toldBy(events, 'queue')
      .filter(({ at }) => at < Date.parse(to))
      .map(({ values }) => values['depth'] ?? 0)
      .sort((a, b) => a - b)
    for (const [measure, q] of [
      ['value_p50', 0.5],
      ['value_p90', 0.9],
      ['value_p99', 0.99],
    ] as const) {
      const wanted = depths[Math.floor(q * (depths.length - 1))] ?? Number.NaN
      expect(Math.abs(Number(row?.[measure]) - wanted)).toBeLessThanOrEqual(wanted * (ALPHA + 1e-6))
    }
  })

  it('how many ran at once, over whole hours, days of 25 hours and what has passed of an hour', async () => {
    const latency = (from: number, to: number) =>
      events
        .filter((e) => e.event_type.startsWith('agent.tool.') && e.timestamp >= from && e.timestamp < to)
        .reduce((sum, e) => sum + Math.round(e.latency_ms ?? 0), 0)
    const query = { kind: 'tool' as const, measures: ['concurrency_avg' as const] }
    const days = await ask({ ...query, step: 'day', time_zone: 'Europe/Berlin' })
    const change = Date.UTC(2026, 9, 24, 22)
    const long = days.find((row) => row.time === new Date(change).toISOString())
    expect(long?.concurrency_avg).toBeCloseTo(latency(change, change + 25 * HOUR_MS) / (25 * HOUR_MS), 9)
    const hours = await ask({ ...query, step: 'hour', to: new Date(NOW + HOUR_MS).toISOString() })
    for (const { time, concurrency_avg } of hours) {
      const from = Date.parse(String(time))
      const passed = Math.min(HOUR_MS, NOW - from)
      expect(concurrency_avg).toBeCloseTo(latency(from, from + HOUR_MS) / passed, 9)
    }
    expect(hours.length).toBeGreaterThan(20)
  })
})

it('policies go by their own names, and by those that they were called at first', async () => {
  const measures: MetricsQuery['measures'] = ['count']
  const [own] = await ask({ kind: 'policy', measures, dimensions: ['policy_id', 'policy_result'] })
  const [first] = await ask({ kind: 'policy', measures, dimensions: ['tool_name', 'status'] })
  expect(own).toEqual({ policy_id: first?.tool_name, policy_result: first?.status, count: first?.count })
  expect(own?.policy_id).toBe('pol-1')
  const both = await ask({
    kind: 'policy',
    measures,
    dimensions: ['policy_id', 'tool_name'],
    filters: [{ dimension: 'policy_result', op: 'eq', values: ['block'] }],
  })
  const blocked = events.filter((e) => e.policy_result === 'block' && e.timestamp < NOW - (NOW % HOUR_MS))
  expect(both).toEqual([{ policy_id: 'pol-1', tool_name: 'pol-1', count: blocked.length }])
})
