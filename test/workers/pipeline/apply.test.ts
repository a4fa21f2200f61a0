import { env } from 'cloudflare:workers'
import { createMessageBatch, getQueueResult, createExecutionContext } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { DecodedBatch } from '../../../workers/domain/commit-plan.ts'
import { ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { envelopeOf, freshTenant, makeBatch, traceEvents } from '../../support/batches.ts'

const bindings = env as unknown as Env
const QUEUE = 'agentops-ingest-global'

/** Delivers batches as one queue invocation; `fail` throws at the n-th checkpoint. */
async function deliver(batches: DecodedBatch[], attempts = 1, failAt = Infinity) {
  let step = 0
  const deps = ingestDeps(bindings, 'global', () => {
    if (step++ === failAt) throw new Error('killed here')
  })
  const messages = batches.map((b, i) => ({ id: String(i), timestamp: new Date(), attempts, body: envelopeOf(b) }))
  const queue = createMessageBatch(QUEUE, messages)
  await handleIngest(queue, deps)
  const result = await getQueueResult(queue, createExecutionContext())
  return { acked: result.explicitAcks.length, retried: result.retryMessages.length, steps: step }
}

async function books(tenant: ProjectTenant) {
  const db = bindings.DATA_GLOBAL_0
  const one = async <T>(sql: string) => (await db.prepare(sql).bind(tenant.project_id).first<T>()) as T
  const ledger = await one<{ cost: number; n: number }>(
    'SELECT coalesce(sum(cost_nanousd), 0) cost, count(*) n FROM ledger WHERE project_id = ?1',
  )
  const trace = await one<{ cost: number; n: number; events: number }>(
    'SELECT coalesce(sum(cost_nanousd), 0) cost, count(*) n, coalesce(sum(events), 0) events FROM trace WHERE project_id = ?1',
  )
  const batch = await one<{ n: number; events: number }>(
    'SELECT count(*) n, coalesce(sum(events), 0) events FROM batch WHERE project_id = ?1',
  )
  const money = await one<{ cost: number }>(
    `SELECT coalesce(sum(m.value ->> 12), 0) cost FROM delta d, json_each(d.money) m WHERE d.project_id = ?1`,
  )
  const budget = bindings.TENANT_BUDGET.getByName(tenant.org_id)
  const counters = await budget.snapshot({ from_ms: 0, to_ms: Date.now() + 86_400_000 })
  const spent = counters.find((c) => c.scope === 'org')?.cost_nanousd ?? '0'
  return { ledger, trace, batch, money: money.cost, spent }
}

describe('ingest consumer', () => {
  it('books a batch in ledger, traces, deltas and TenantBudget', async () => {
    const tenant = freshTenant()
    await deliver([makeBatch(tenant, traceEvents('t1', 3, 1_000))])
    expect(await books(tenant)).toEqual({
      ledger: { cost: 3_000, n: 3 },
      trace: { cost: 3_000, n: 1, events: 4 },
      batch: { n: 1, events: 4 },
      money: 3_000,
      spent: '3000',
    })
  })

  it('changes nothing when a batch is delivered again, alone or among new ones', async () => {
    const tenant = freshTenant()
    const first = makeBatch(tenant, traceEvents('t1', 2, 500))
    await deliver([first])
    const before = await books(tenant)
    expect(await deliver([first], 2)).toMatchObject({ acked: 1, retried: 0 })
    expect(await books(tenant)).toEqual(before)
    const second = makeBatch(tenant, traceEvents('t2', 1, 7))
    // attempts = 1: the consumer does not expect the redelivered one and finds out by conflict
    expect(await deliver([first, second, second])).toMatchObject({ acked: 3, retried: 0 })
    expect(await books(tenant)).toMatchObject({
      ledger: { cost: 1_007, n: 3 },
      batch: { n: 2 },
      money: 1_007,
      spent: '1007',
    })
  })

  it('pays the same event in two different batches once', async () => {
    const tenant = freshTenant()
    const events = traceEvents('t1', 2, 100)
    await deliver([makeBatch(tenant, events), makeBatch(tenant, events.slice(0, 1))])
    await deliver([makeBatch(tenant, events.slice(1))])
    expect(await books(tenant)).toMatchObject({
      ledger: { cost: 200, n: 2 },
      trace: { cost: 200, n: 1 },
      money: 200,
      spent: '200',
    })
  })

  it('pays a call once that two traces tell, in one commit or in two', async () => {
    const tenant = freshTenant()
    const told = (traceId: string, answers: string[]) =>
      traceEvents(traceId, answers.length, 100).map((event, i) => ({ ...event, response_id: answers[i] }))
    const answers = ['chatcmpl-7037a92eb2c907c9526b7152', 'chatcmpl-17c6c7eacf4ac80f9ce148b6']
    await deliver([makeBatch(tenant, told('t1', answers)), makeBatch(tenant, told('t2', answers.slice(0, 1)))])
    await deliver([makeBatch(tenant, told('t3', answers.slice(1)))])
    expect(await books(tenant)).toMatchObject({
      ledger: { cost: 200, n: 2 },
      trace: { cost: 200, n: 3 },
      money: 200,
      spent: '200',
    })
  })

  it('merges a trace that arrives in pieces, children first', async () => {
    const tenant = freshTenant()
    const events = traceEvents('t1', 2, 100)
    await deliver([makeBatch(tenant, events.slice(0, 1))])
    await deliver([makeBatch(tenant, events.slice(1, 2))])
    await deliver([makeBatch(tenant, events.slice(2))])
    const row = await bindings.DATA_GLOBAL_0.prepare('SELECT * FROM trace WHERE project_id = ?1')
      .bind(tenant.project_id)
      .all()
    expect(row.results).toHaveLength(1)
    expect(row.results[0]).toMatchObject({
      complete: 1,
      status: 'ok',
      events: 3,
      llm_calls: 2,
      cost_nanousd: 200,
      tokens_prompt: 20,
    })
    expect(JSON.parse(String(row.results[0]?.batches))).toHaveLength(3)
  })

  it('survives a throw between every two steps without losing or doubling anything', async () => {
    const { steps } = await deliver([makeBatch(freshTenant(), traceEvents('probe', 1, 1))])
    expect(steps).toBeGreaterThanOrEqual(5)
    for (let failAt = 0; failAt < steps; failAt++) {
      const tenant = freshTenant()
      const batches = [makeBatch(tenant, traceEvents('t1', 2, 11)), makeBatch(tenant, traceEvents('t2', 1, 13))]
      // With two in the group the consumer tries each alone after the failure; a later delivery finishes the rest.
      await deliver(batches, 1, failAt)
      await deliver(batches, 2)
      expect(await books(tenant), `failed at step ${failAt}`).toEqual({
        ledger: { cost: 35, n: 3 },
        trace: { cost: 35, n: 2, events: 5 },
        batch: { n: 2, events: 5 },
        money: 35,
        spent: '35',
      })
    }
  })

  it('buries poison and keeps its neighbours', async () => {
    const tenant = freshTenant()
    const good = makeBatch(tenant, traceEvents('t1', 1, 5))
    const wrongCell = makeBatch({ ...tenant, cell: 'eu' }, traceEvents('t2', 1, 5))
    const messages = [new Uint8Array([1, 2, 3]), envelopeOf(good), envelopeOf(wrongCell)].map((body, i) => ({
      id: String(i),
      timestamp: new Date(),
      attempts: 1,
      body,
    }))
    const queue = createMessageBatch(QUEUE, messages)
    await handleIngest(queue, ingestDeps(bindings, 'global'))
    const result = await getQueueResult(queue, createExecutionContext())
    expect(result.explicitAcks).toHaveLength(3)
    expect(await books(tenant)).toMatchObject({ ledger: { cost: 5, n: 1 }, batch: { n: 1 } })
  })

  it('writes at most 0.45 D1 rows per event at 75 events a batch with traces of twelve', async () => {
    const tenant = freshTenant()
    const events = Array.from({ length: 25 }, (_, i) => {
      const [a, b, c, root] = traceEvents(`trace-${i}`, 3, 1)
      const quiet = Array.from({ length: 8 }, (_, k) => ({
        event_type: 'agent.step.started' as const,
        timestamp: Date.now(),
        trace_id: `trace-${i}`,
        span_id: `q${k}`,
      }))
      return [a, b, c, root, ...quiet].filter((e) => e !== undefined)
    }).flat()
    const batches = Array.from({ length: 4 }, (_, i) => makeBatch(tenant, events.slice(i * 75, i * 75 + 75)))
    let written = 0
    const counting = { ...bindings, DATA_GLOBAL_0: countRows(bindings.DATA_GLOBAL_0, (n) => (written += n)) }
    const queue = createMessageBatch(
      QUEUE,
      batches.map((b, i) => ({ id: String(i), timestamp: new Date(), attempts: 1, body: envelopeOf(b) })),
    )
    await handleIngest(queue, ingestDeps(counting, 'global'))
    expect(written / 300).toBeLessThanOrEqual(0.45)
    expect(written).toBeGreaterThan(0)
  })
})

function countRows(db: D1Database, add: (n: number) => void): D1Database {
  return new Proxy(db, {
    get(target, name) {
      if (name !== 'batch') return (target[name as keyof D1Database] as (...a: unknown[]) => unknown).bind(target)
      return async (statements: D1PreparedStatement[]) => {
        const results = await target.batch(statements)
        for (const r of results) add(r.meta.rows_written)
        return results
      }
    },
  })
}
