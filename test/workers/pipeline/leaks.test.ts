import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { commitPlan } from '../../../workers/adapters/d1/commit.ts'
import { rollupStore } from '../../../workers/adapters/d1/rollup-store.ts'
import { traceStore } from '../../../workers/adapters/d1/trace-store.ts'
import { shortHash } from '../../../workers/adapters/hash.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { MetricsQuery, type MetricsRow } from '../../../workers/contract/metrics.ts'
import { TracesQuery } from '../../../workers/contract/trace.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { planCommit, type DecodedBatch } from '../../../workers/domain/commit-plan.ts'
import { usd } from '../../../workers/domain/money.ts'
import { spendDeltas } from '../../../workers/domain/spend-delta.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { listTraces } from '../../../workers/services/trace/read.ts'
import { freshTenant, makeBatch } from '../../support/batches.ts'
import { randomEvents, randomOf } from '../../support/metrics-fleet.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const HOUR_MS = 3_600_000
const tools = { pricesOf: () => NO_PRICES, shortHash, hex: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex') }

async function commit(batches: DecodedBatch[], exact = true) {
  const plan = planCommit(batches, tools)
  return commitPlan(db, { ...plan, exact: plan.exact && exact }, `c_${crypto.randomUUID()}`, NOW)
}

const store = d1Metrics(
  () => db,
  () => NOW,
)

async function ask({ project_id, ...tenant }: ProjectTenant, more: Partial<MetricsQuery> = {}): Promise<MetricsRow[]> {
  const query = MetricsQuery.parse({
    kind: 'leak',
    measures: ['cost_usd', 'count'],
    dimensions: ['leak'],
    from: new Date(NOW - 48 * HOUR_MS).toISOString(),
    to: new Date(NOW).toISOString(),
    order: { by: 'leak', direction: 'asc' },
    ...more,
  })
  return (await store.query(tenant, [project_id], query)).data
}

const sumIn = (sql: string) => async (projectId: string) =>
  (await db.prepare(sql).bind(projectId).all<Record<string, unknown>>()).results
const inLedger = sumIn(
  `SELECT leak, CAST(sum(leak_nanousd) AS TEXT) AS nano, count(*) AS n FROM ledger WHERE project_id = ?1 AND leak <> '' GROUP BY leak ORDER BY leak`,
)
const inTraces = sumIn(`SELECT trace_id, leaks FROM trace WHERE project_id = ?1 ORDER BY trace_id`)

/** Six calls of one step, of which the last is a loop, then one that failed and one that was tried again. */
function leaky(traceId: string, atMs: number): CanonicalEvent[] {
  const call = (i: number, fields: Partial<CanonicalEvent> = {}): CanonicalEvent => ({
    event_type: 'agent.step.completed',
    timestamp: atMs + i,
    trace_id: traceId,
    span_id: `s${i}`,
    agent_id: 'a',
    workflow_id: 'w',
    user_id: 'u',
    step: 'plan',
    provider: 'p',
    model: 'm',
    status: 'ok',
    cost_nanousd: 10 ** i,
    ...fields,
  })
  return [
    ...Array.from({ length: 6 }, (_, i) => call(i)),
    call(6, { status: 'error', step: 'act' }),
    call(7, { attempt: 1, step: 'act' }),
  ]
}
const LEAKS = [
  { leak: 'failed_call', cost_usd: usd(10 ** 6), count: 1 },
  { leak: 'loop', cost_usd: usd(10 ** 5), count: 1 },
  { leak: 'retry', cost_usd: usd(10 ** 7), count: 1 },
]

describe('leaks', () => {
  it('are in the ledger, in the trace, and in metrics before and after they are merged', async () => {
    const tenant = freshTenant()
    await commit([makeBatch(tenant, leaky('t', NOW - HOUR_MS))])
    expect(await inTraces(tenant.project_id)).toEqual([{ trace_id: 't', leaks: '["failed_call","loop","retry"]' }])
    expect(await ask(tenant)).toEqual(LEAKS)
    while (await rollupStore(db).roll(tenant.org_id));
    expect(await ask(tenant)).toEqual(LEAKS)
    const dimensions: MetricsQuery['dimensions'] = ['step', 'model', 'leak']
    expect((await ask(tenant, { dimensions })).map((row) => [row.step, row.model, row.leak])).toEqual([
      ['act', 'm', 'failed_call'],
      ['plan', 'm', 'loop'],
      ['act', 'm', 'retry'],
    ])
  })

  it.each([true, false])(
    'count once when a batch comes again, or its events in others (sums made before: %s)',
    async (exact) => {
      const tenant = freshTenant()
      const events = leaky('t', NOW - HOUR_MS)
      const batch = makeBatch(tenant, events)
      await commit([batch], exact)
      await expect(commit([batch], exact)).rejects.toThrow('applied before')
      // Alone in a batch, the sixth call would be no loop: what was booked first holds.
      await commit([makeBatch(tenant, events), makeBatch(tenant, events.slice(5))], exact)
      await commit([makeBatch(tenant, events.slice(3))], exact)
      expect(await ask(tenant)).toEqual(LEAKS)
      expect(await inTraces(tenant.project_id)).toEqual([{ trace_id: 't', leaks: '["failed_call","loop","retry"]' }])
      while (await rollupStore(db).roll(tenant.org_id));
      expect(await ask(tenant)).toEqual(LEAKS)
    },
  )

  it('say what was booked, whatever comes again and however', async () => {
    for (const seed of [81, 82, 83]) {
      const random = randomOf(seed)
      const tenant = freshTenant()
      const events = randomEvents(seed, 160, NOW - 30 * HOUR_MS, NOW - HOUR_MS).map((event, i) => ({
        ...event,
        trace_id: `t${i % 7}`,
        cost_nanousd: event.cost_nanousd === undefined ? undefined : event.cost_nanousd % 1_000_000_000,
      })) as CanonicalEvent[]
      for (let run = 0; run < 12; run++) {
        const from = Math.floor(random() * 140)
        const part = events.slice(from, from + 5 + Math.floor(random() * 40))
        await commit([makeBatch(tenant, part), makeBatch(tenant, part.slice(3))], random() < 0.5)
      }
      const booked = (await inLedger(tenant.project_id)).map(({ leak, nano, n }) => ({
        leak,
        cost_usd: usd(String(nano)),
        count: n,
      }))
      expect(booked.length).toBeGreaterThan(1)
      expect(await ask(tenant)).toEqual(booked)
      while (await rollupStore(db).roll(tenant.org_id));
      expect(await ask(tenant)).toEqual(booked)
      const traces = await sumIn(
        `SELECT t.trace_id, (SELECT json_group_array(leak) FROM (SELECT DISTINCT leak FROM ledger l WHERE l.project_id = t.project_id AND l.trace_id = t.trace_id AND leak <> '' ORDER BY leak)) AS leaks FROM trace t WHERE project_id = ?1 ORDER BY trace_id`,
      )(tenant.project_id)
      expect(await inTraces(tenant.project_id)).toEqual(traces)
    }
  })

  it('are money that is in no other sum twice', async () => {
    const tenant = freshTenant()
    const [delta] = await commit([makeBatch(tenant, leaky('t', NOW - HOUR_MS))])
    const paid = usd(11_111_111)
    const asked = async (more: Partial<MetricsQuery>) =>
      (await ask(tenant, { dimensions: [], order: undefined, measures: ['cost_usd'], ...more }))[0]?.cost_usd
    const sums = async () => [
      await asked({ kind: 'request' }),
      await asked({ kind: 'total' }),
      await asked({ kind: 'llm' }),
      await asked({ kind: 'user' }),
      await asked({ kind: 'request', filters: [{ dimension: 'agent_id', op: 'eq', values: ['a'] }] }),
    ]
    expect(await sums()).toEqual([paid, paid, paid, paid, paid])
    while (await rollupStore(db).roll(tenant.org_id));
    expect(await sums()).toEqual([paid, paid, paid, paid, paid])
    const deltas = spendDeltas(delta?.money ?? [], tenant)
    expect(delta?.money.some(([kind]) => kind === 'leak')).toBe(true)
    expect(deltas.map(({ cost_nanousd, entries }) => [cost_nanousd, entries])).toEqual([[11_111_111, 8]])
  })

  it('filter traces', async () => {
    const tenant = freshTenant()
    const fine = leaky('fine', NOW - HOUR_MS).slice(0, 4)
    await commit([makeBatch(tenant, [...leaky('leaks', NOW - HOUR_MS), ...fine])])
    const list = async (leak?: string) => {
      const { data } = await listTraces(
        traceStore(() => db),
        tenant,
        TracesQuery.parse({ leak }),
        NOW,
      )
      return data.map(({ trace_id, leaks }) => [trace_id, leaks])
    }
    expect(await list('retry')).toEqual([['leaks', ['failed_call', 'loop', 'retry']]])
    expect(await list('oversized_context')).toEqual([])
    expect(await list()).toContainEqual(['fine', []])
    expect(TracesQuery.safeParse({ leak: 'none such' }).success).toBe(false)
  })
})
