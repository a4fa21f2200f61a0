import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { AlreadyApplied, commitPlan } from '../../../workers/adapters/d1/commit.ts'
import { shortHash } from '../../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { planCommit, type DecodedBatch } from '../../../workers/domain/commit-plan.ts'
import { NO_PRICES } from '../../../workers/domain/price-book.ts'
import { freshTenant, makeBatch, randomBatchId, traceEvents } from '../../support/batches.ts'
import { randomEvents } from '../../support/metrics-fleet.ts'

const db = (env as unknown as { DATA_GLOBAL_0: D1Database }).DATA_GLOBAL_0
const NOW = Date.now()
const tools = { pricesOf: () => NO_PRICES, shortHash, hex: (bytes: Uint8Array) => Buffer.from(bytes).toString('hex') }

async function commit(batches: DecodedBatch[], exact = true) {
  const plan = planCommit(batches, tools)
  return commitPlan(db, { ...plan, exact: plan.exact && exact }, `c_${crypto.randomUUID()}`, NOW)
}

/** Everything that a project has in the books, without what differs from commit to commit. */
async function books({ project_id }: ProjectTenant) {
  const rows = async (sql: string) => (await db.prepare(sql).bind(project_id).all<Record<string, unknown>>()).results
  const without = (row: Record<string, unknown>) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !/^(org|workspace|project|commit)_id$/.test(name)))
  const deltas = await rows('SELECT money, counts, events FROM delta WHERE project_id = ?1 ORDER BY seq')
  return {
    ledger: (await rows('SELECT * FROM ledger WHERE project_id = ?1 ORDER BY event_key')).map(without),
    traces: (await rows('SELECT * FROM trace WHERE project_id = ?1 ORDER BY trace_id')).map(without),
    deltas: deltas.map(({ money, counts, events }) => ({
      events,
      counts: (JSON.parse(String(counts)) as unknown[]).map((row) => JSON.stringify(row)).sort(),
      money: (JSON.parse(String(money)) as unknown[]).map((row) => JSON.stringify(row)).sort(),
    })),
  }
}

describe('a commit', () => {
  it('books the same whether sums are made before it or in it', async () => {
    const [one, other] = [freshTenant(), freshTenant()]
    for (let seed = 0; seed < 6; seed++) {
      // The same trace ids again and again: traces are made by the first commit and grow by the others.
      const events = randomEvents(50 + seed, 60, NOW - 3_600_000, NOW).map((event) => ({
        ...event,
        span_id: `${seed}${event.span_id}`,
        event_id: event.event_id && `${seed}${event.event_id}`,
        cost_nanousd: event.cost_nanousd === undefined ? undefined : event.cost_nanousd % 1_000_000,
      })) as CanonicalEvent[]
      const id = randomBatchId()
      await commit([makeBatch(one, events, id)])
      await commit([makeBatch(other, events, id)], false)
    }
    const booked = await books(one)
    expect(booked).toEqual(await books(other))
    expect(booked.ledger.length).toBeGreaterThan(100)
    expect(booked.traces).toHaveLength(60)
  })

  it('books only what is new when events come again in other batches', async () => {
    const tenant = freshTenant()
    const events = traceEvents('t', 3, 7)
    await commit([makeBatch(tenant, events.slice(0, 2))])
    const [delta] = await commit([makeBatch(tenant, events), makeBatch(tenant, events.slice(1))])
    expect(delta?.money.map((row) => [row[12], row[13]])).toEqual([[7, 1]])
    const { ledger, traces } = await books(tenant)
    expect([ledger.length, traces[0]?.cost_nanousd, traces[0]?.tokens_prompt]).toEqual([3, 21, 30])
  })

  it('changes nothing when a batch was applied before', async () => {
    const tenant = freshTenant()
    const first = makeBatch(tenant, traceEvents('a', 1, 5))
    await commit([first])
    const before = await books(tenant)
    await expect(commit([makeBatch(tenant, traceEvents('b', 2, 5)), first])).rejects.toThrow(AlreadyApplied)
    expect(await books(tenant)).toEqual(before)
  })

  it('takes the widest batch that the edge lets through', async () => {
    const tenant = freshTenant()
    const wide = (i: number) => `${i}é€`.padEnd(60, '漢')
    const events = Array.from({ length: 2000 }, (_, i): CanonicalEvent => ({
      event_type: 'agent.request.completed',
      timestamp: NOW - i * 60_000,
      trace_id: `trace-${i}`,
      span_id: `span-${i}`,
      agent_id: wide(i),
      user_id: wide(i),
      workflow_id: wide(i),
      model: 'm',
      provider: 'p',
      status: 'ok',
      latency_ms: i,
      tokens_prompt: 1,
      tokens_completion: 1,
      cost_nanousd: 1,
    }))
    expect(await commit([makeBatch(tenant, events)])).toHaveLength(1)
    expect((await books(tenant)).ledger).toHaveLength(2000)
  })
})
