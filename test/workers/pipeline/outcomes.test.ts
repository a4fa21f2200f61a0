import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { traceRollup } from '../../../workers/adapters/d1/trace-rollup.ts'
import { traceStore } from '../../../workers/adapters/d1/trace-store.ts'
import { d1Metrics } from '../../../workers/adapters/metrics/d1/store.ts'
import { OUTCOME_REVISED, type CanonicalEvent } from '../../../workers/contract/event.ts'
import { MetricsQuery } from '../../../workers/contract/metrics.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import type { DecodedBatch } from '../../../workers/domain/commit-plan.ts'
import { ingestDeps, type Env } from '../../../workers/pipeline/deps.ts'
import { handleIngest } from '../../../workers/pipeline/queues/ingest.ts'
import { getTrace } from '../../../workers/services/trace/read.ts'
import { envelopeOf, freshTenant, makeBatch } from '../../support/batches.ts'
import { randomOf } from '../../support/metrics-fleet.ts'
import { randomRuns, referenceRows, referenceTraces, TRACE_MEASURES } from '../../support/trace-reference.ts'

const bindings = env as unknown as Env
const db = bindings.DATA_GLOBAL_0
const HOUR_MS = 3_600_000
const HOUR = Math.floor(Date.now() / HOUR_MS) * HOUR_MS
const store = d1Metrics(() => db, Date.now)
const traces = traceStore(() => db)

/** As one invocation of the consumer; `killedAfter` is the step after which it dies. */
async function deliver(batches: DecodedBatch[], attempts = 1, killedAfter?: string): Promise<number> {
  const deps = ingestDeps(bindings, 'global', (step) => {
    if (step === killedAfter) throw new Error('killed here')
  })
  const messages = batches.map((b, i) => ({ id: String(i), timestamp: new Date(), attempts, body: envelopeOf(b) }))
  const queue = createMessageBatch('agentops-ingest-global', messages)
  await handleIngest(queue, deps)
  return (await getQueueResult(queue, createExecutionContext())).explicitAcks.length
}

const revised = (trace_id: string, outcome: 'success' | 'failure', timestamp: number): CanonicalEvent => ({
  event_type: OUTCOME_REVISED,
  timestamp,
  trace_id,
  span_id: 'outcome',
  outcome,
  attributes: { reason: 'refund' },
})
const run = (trace_id: string, endMs: number, more: Partial<CanonicalEvent> = {}): CanonicalEvent[] => [
  { event_type: 'agent.request.started', timestamp: endMs - 500, trace_id, span_id: 'root', agent_id: 'a' },
  {
    event_type: 'agent.request.completed',
    timestamp: endMs,
    trace_id,
    span_id: 'root',
    agent_id: 'a',
    status: 'ok',
    outcome: 'success',
    latency_ms: 500,
    cost_nanousd: 700,
    ...more,
  },
]

async function ask(tenant: ProjectTenant, dimensions: string[], step = 'total') {
  const range = { from: new Date(HOUR - 60 * HOUR_MS).toISOString(), to: new Date(HOUR + HOUR_MS).toISOString() }
  const query = { kind: 'trace', measures: [...TRACE_MEASURES], dimensions, step, limit: 5000, ...range }
  const { data } = await store.query(tenant, [tenant.project_id], MetricsQuery.parse(query))
  const key = (row: object) => JSON.stringify(Object.values(row).slice(0, dimensions.length + Number(step !== 'total')))
  return data.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
}

describe('an outcome that is revised later', () => {
  it('changes the outcome of its trace and nothing else, and is shown with it', async () => {
    const tenant = freshTenant()
    await deliver([makeBatch(tenant, run('t1', HOUR - 10_000))])
    const before = await getTrace(traces, tenant, 't1')
    expect(before.trace).toMatchObject({ outcome: 'success', outcome_revised_at: null, duration_ms: 500 })
    await deliver([makeBatch(tenant, [revised('t1', 'failure', HOUR - 5_000)])])
    const after = await getTrace(traces, tenant, 't1')
    expect(after.trace).toEqual({
      ...before.trace,
      outcome: 'failure',
      outcome_revised_at: new Date(HOUR - 5_000).toISOString(),
      events: 3,
    })
    expect(after.events.at(-1)).toMatchObject({ event_type: OUTCOME_REVISED, attributes: { reason: 'refund' } })
    const books = await db
      .prepare(`SELECT count(*) AS n, sum(cost_nanousd) AS cost FROM ledger WHERE project_id = ?1`)
      .bind(tenant.project_id)
      .first()
    expect(books).toEqual({ n: 1, cost: 700 })
    // No request, step or call was made.
    const counted = await db
      .prepare(`SELECT count(*) AS n FROM delta d, json_each(d.counts) c WHERE d.project_id = ?1`)
      .bind(tenant.project_id)
      .first()
    expect(counted).toEqual({ n: 2 })
  })

  it('waits for its trace, whose start and end are then its own', async () => {
    const tenant = freshTenant()
    await deliver([makeBatch(tenant, [revised('t1', 'failure', HOUR - 30_000)])])
    const { trace } = await getTrace(traces, tenant, 't1')
    expect(trace).toMatchObject({ outcome: 'failure', complete: false, status: 'running', duration_ms: 0, events: 1 })
    expect(await ask(tenant, [])).toMatchObject([{ count: 0 }])
    await deliver([makeBatch(tenant, run('t1', HOUR - 10_000))])
    expect((await getTrace(traces, tenant, 't1')).trace).toMatchObject({
      outcome: 'failure',
      complete: true,
      status: 'ok',
      started_at: new Date(HOUR - 10_500).toISOString(),
      duration_ms: 500,
      events: 3,
    })
    expect(await ask(tenant, ['outcome'])).toMatchObject([{ outcome: 'failure', count: 1, successes: 0 }])
  })

  it.each([
    ['the last said last', ['failure', 'success'], 'success'],
    ['the last said first', ['success', 'failure'], 'success'],
  ] as const)('is the one that happened last: %s', async (_, said, wanted) => {
    const tenant = freshTenant()
    const at = { failure: HOUR - 9_000, success: HOUR - 3_000 }
    await deliver([makeBatch(tenant, [revised('t1', said[0], at[said[0]])])])
    await deliver([makeBatch(tenant, run('t1', HOUR - 10_000, { outcome: 'failure' }))])
    await deliver([makeBatch(tenant, [revised('t1', said[1], at[said[1]])])])
    // What the run tells after all of that is older still.
    await deliver([makeBatch(tenant, run('t1', HOUR - 1_000, { outcome: 'failure', span_id: 'late' }).slice(1))])
    expect((await getTrace(traces, tenant, 't1')).trace).toMatchObject({
      outcome: wanted,
      outcome_revised_at: new Date(at.success).toISOString(),
    })
  })

  it('is applied once, redelivered or killed after its commit', async () => {
    const tenant = freshTenant()
    await deliver([makeBatch(tenant, run('t1', HOUR - 10_000))])
    const outcome = makeBatch(tenant, [revised('t1', 'failure', HOUR - 5_000)])
    await deliver([outcome], 1, 'after_commit')
    expect(await deliver([outcome], 2)).toBe(1)
    expect(await deliver([outcome, outcome], 3)).toBe(2)
    expect((await getTrace(traces, tenant, 't1')).trace).toMatchObject({ outcome: 'failure', events: 3 })
    expect(await ask(tenant, ['outcome'])).toMatchObject([{ outcome: 'failure', count: 1, cost_usd: '0.000000700' }])
  })

  it('is in the sums of its hour, which equal a fold of all events: before, after, twice, out of order, in any commit', async () => {
    const tenant = freshTenant()
    const random = randomOf(77)
    const runs = randomRuns(21, 60, HOUR - 3 * HOUR_MS, HOUR - HOUR_MS)
    const outcomes = runs.flatMap(([first], i) => {
      if (first === undefined || i % 3 === 0) return []
      const at = first.timestamp + Math.floor(random() * HOUR_MS)
      const said = revised(first.trace_id, random() < 0.5 ? 'failure' : 'success', at)
      const other = revised(first.trace_id, random() < 0.5 ? 'failure' : 'success', at + (i % 2) * 60_000)
      return i % 3 === 1 ? [said] : [said, other, said]
    })
    const orphan = revised('never came', 'failure', HOUR - HOUR_MS)
    const all = [...runs.flat(), ...outcomes, orphan]
    const shuffled = all.map((event) => ({ event, at: random() })).toSorted((a, b) => a.at - b.at)
    const commits: CanonicalEvent[][] = []
    for (let i = 0; i < shuffled.length; i += 25) commits.push(shuffled.slice(i, i + 25).map(({ event }) => event))
    for (const [i, events] of commits.entries()) {
      const batch = makeBatch(tenant, events)
      await deliver([batch], 1, i % 4 === 1 ? 'after_commit' : undefined)
      if (i % 4 < 2) await deliver([batch], 2)
      if (i % 3 === 2) while (await traceRollup(db).roll(tenant.org_id));
    }
    const wanted = referenceTraces(commits)
    expect(wanted).toHaveLength(60)
    for (const _ of ['as read', 'summed']) {
      expect(await ask(tenant, ['outcome', 'workflow_id', 'status'])).toEqual(
        referenceRows(wanted, ['outcome', 'workflow_id', 'status']),
      )
      expect(await ask(tenant, ['outcome'], 'hour')).toEqual(referenceRows(wanted, ['outcome'], true))
      while (await traceRollup(db).roll(tenant.org_id));
    }
  })
})
