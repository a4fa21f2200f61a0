import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { DAY_MS, ownDays, worldOf } from '../../support/guard.ts'
import { real } from '../../support/moving.ts'

const pass = ownDays()
// Alarms are far ahead of the clock that rings them, and ring when a test says so.
beforeEach(() => {
  pass(3650 * DAY_MS)
})
const BREAKER = { min_requests: 2, error_rate: 0.5, window_s: 60, open_s: 30, half_open_max: 1 }
type World = ReturnType<typeof worldOf>

/** Policy decisions of the project that are in the store, as `policy_id result`. */
async function decisionsOf(w: World): Promise<string[]> {
  await runDurableObjectAlarm(w.stub)
  const rows = await cellFor(real, w.tenant.cell)
    .shard(w.tenant.shard)
    .prepare(
      `SELECT g.value ->> 10 AS policy, g.value ->> 12 AS result, g.value ->> 14 AS n FROM delta, json_each(counts) g
       WHERE delta.org_id = ?1 AND g.value ->> 0 = 'policy' ORDER BY delta.seq`,
    )
    .bind(w.tenant.org_id)
    .all<{ policy: string; result: string; n: number }>()
  return rows.results.flatMap(({ policy, result, n }) => Array.from({ length: n }, () => `${policy} ${result}`))
}

/** Waits for the queue, and a moment more, in which nothing else may come. */
async function expectDecisions(w: World, expected: string[]): Promise<void> {
  await vi.waitFor(async () => expect((await decisionsOf(w)).sort()).toEqual([...expected].sort()), {
    timeout: 15_000,
    interval: 100,
  })
}

const waiting = (w: World) =>
  runInDurableObject(w.stub, (_, { storage }) =>
    storage.sql
      .exec<{ events: string }>('SELECT events FROM outgoing ORDER BY seq')
      .toArray()
      .flatMap(({ events }) => JSON.parse(events) as { policy_id: string; attributes: Record<string, unknown> }[]),
  )

describe('each decision is an event', () => {
  it('once, whatever is redelivered, evicted or sent again', async () => {
    const w = worldOf()
    const { id } = await w.control({ retries_max: 1, breaker: BREAKER })
    await w.reserve('0', { attempt: 1, idempotency_key: 'k' })
    await w.reserve('0', { attempt: 1, idempotency_key: 'k' })
    await w.reserve('0', { attempt: 2 })
    await evictDurableObject(w.stub)
    await w.send([1, 2].map(() => w.eventOf(0, { status: 'error', error_type: 'timeout' })))
    await w.reserve('0')
    // What was sent and not noted as sent: the rows are there again, as one that died in between leaves them.
    const rows = await runInDurableObject(w.stub, (_, { storage }) =>
      storage.sql.exec('SELECT * FROM outgoing').toArray(),
    )
    const all = `control:${id}`
    const sent = [
      `${all}:all allow`,
      `${all}:retry_cap block`,
      `${all}:circuit_breaker block`,
      `${all}:circuit_breaker block`,
    ]
    await expectDecisions(w, sent)
    await runInDurableObject(w.stub, (_, { storage }) => {
      for (const row of rows) storage.sql.exec('INSERT INTO outgoing VALUES (?, ?, ?, ?)', ...Object.values(row))
      storage.sql.exec(
        'INSERT INTO outgoing_batch VALUES (?, ?)',
        w.tenant.project_id,
        Math.max(...rows.map(({ seq }) => Number(seq))),
      )
    })
    await evictDurableObject(w.stub)
    // Of what comes while a batch is not noted as sent, nothing joins it.
    await w.reserve('0', { attempt: 3 })
    await expectDecisions(w, [...sent, `${all}:retry_cap block`])
  }, 30_000)

  it('in few batches, and with the numbers; where only refusals are kept, allowed work leaves none', async () => {
    const w = worldOf()
    const { id } = await w.control({ retries_max: 1, context_tokens_max: 10, record: 'refusals' })
    await w.reserve('0', { attempt: 1 })
    expect(await waiting(w)).toEqual([])
    await w.rpc().updateControl(id, { record: 'all' })
    await w.reserve('0', { attempt: 0, tokens_context: 7, trace_id: 'mine', tool_name: 'search' })
    await w.reserve('0', { attempt: 2 })
    expect(await waiting(w)).toMatchObject([
      {
        policy_id: `control:${id}:all`,
        policy_result: 'allow',
        trace_id: 'mine',
        tool_name: 'search',
        agent_id: 'bot',
        attributes: { 'control.retries': 0, 'control.retries_limit': 1, 'control.context_tokens': 7 },
      },
      {
        policy_id: `control:${id}:retry_cap`,
        policy_result: 'block',
        error_type: 'policy_blocked',
        attributes: { 'control.retries': 2, 'control.retries_limit': 1, 'control.reason': 'retry_cap' },
      },
    ])
    for (let i = 0; i < 50; i++) await w.reserve('0', { attempt: 0 })
    await runDurableObjectAlarm(w.stub)
    const listed = await cellFor(real, w.tenant.cell).bucket.list({ prefix: `journal/${w.tenant.org_id}/` })
    expect(listed.objects).toHaveLength(1)
  })
})

describe('any order of what agents do', () => {
  it('is decided as a plain count decides it, over evictions, and each decision is one event', async () => {
    const step = fc.oneof(
      {
        weight: 8,
        arbitrary: fc.record({
          trace: fc.nat(1),
          call: fc.option(fc.nat(2)),
          key: fc.option(fc.nat(8)),
          dear: fc.nat(9),
        }),
      },
      { weight: 1, arbitrary: fc.constant('evict' as const) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
        const w = worldOf()
        await w.budget({ limit_usd: '1' })
        await w.control({ loop: { repeats_max: 2, steps_max: 6 } })
        const keys = new Set<number>()
        const done = [0, 1].map(() => ({ steps: 0, calls: [0, 0, 0] }))
        let events = 0
        for (const one of steps) {
          if (one === 'evict') {
            // Only what runs can be evicted.
            await w.rpc().controls()
            await evictDurableObject(w.stub)
            continue
          }
          const { trace, call, key, dear } = one
          const answer = await w.reserve(dear === 0 ? '2' : '0', {
            trace_id: `t${trace}`,
            ...(call !== null && { tool_name: 'search', tool_args_hash: `h${call}` }),
            ...(key !== null && { idempotency_key: `k${key}` }),
          })
          const own = done[trace] ?? { steps: 0, calls: [] }
          const isKnown = key !== null && keys.has(key)
          const isLoop = own.steps >= 6 || (call !== null && (own.calls[call] ?? 0) >= 2)
          const expected = isKnown ? null : isLoop ? 'loop_detected' : dear === 0 ? 'budget_exceeded' : null
          expect(answer.reason).toBe(expected)
          if (isKnown || expected === 'budget_exceeded') continue
          events++
          if (expected !== null) continue
          own.steps++
          if (call !== null) own.calls[call] = (own.calls[call] ?? 0) + 1
          if (key !== null) keys.add(key)
          expect(answer.reservations[0]?.controls?.loop?.steps_left).toBe(6 - own.steps)
        }
        expect(await waiting(w)).toHaveLength(events)
      }),
      { numRuns: 25 },
    )
  }, 60_000)
})

describe('what is kept of people', () => {
  const dump = (w: World) =>
    runInDurableObject(w.stub, (_, { storage }) =>
      ['control', 'breaker', 'trace_calls', 'outgoing', 'reservation'].map((table) => ({
        table,
        text: JSON.stringify(storage.sql.exec(`SELECT * FROM ${table}`).toArray()),
      })),
    )

  it('is erased from controls, and from events that wait to be sent, which are sent all the same', async () => {
    const w = worldOf()
    const person = `ann-${w.tenant.org_id}`
    const { id } = await w.control({
      scope: { type: 'agent', id: person },
      name: `Of ${person}`,
      loop: { steps_max: 1 },
    })
    const work = {
      agent_id: person,
      user_id: person,
      trace_id: `chat-${person}`,
      tool_name: 'x',
      tool_args_hash: person,
    }
    await w.reserve('0', work)
    expect(await w.reserve('0', work)).toMatchObject({ reason: 'loop_detected' })
    const named = (await dump(w)).filter(({ text }) => text.includes(person)).map(({ table }) => table)
    // The test can only fail if they are in all of these; a trace is known by its hash alone.
    expect(named).toEqual(['control', 'outgoing', 'reservation'])
    await w.stub.erase(person, 'erased-0')
    expect((await dump(w)).filter(({ text }) => text.includes(person))).toEqual([])
    expect(await w.rpc().controls()).toMatchObject([{ scope: { type: 'agent', id: 'erased' }, name: 'Of erased-0' }])
    await expectDecisions(w, [`control:${id}:all allow`, `control:${id}:loop block`])
  })

  it('goes along when the organization moves: controls, breakers, and what traces have done', async () => {
    const [from, to] = [worldOf(), worldOf()]
    await from.control({ breaker: BREAKER, loop: { repeats_max: 2 } })
    await from.send([1, 2].map(() => from.eventOf(0, { status: 'error', error_type: 'timeout' })))
    const call = (w: World) =>
      w.rpc().reserve(from.tenant, [{ estimate_usd: '0', trace_id: 't', tool_name: 'a', tool_args_hash: 'x' }])
    await call(from)
    await runDurableObjectAlarm(from.stub)
    for (let cursor: string | null = null; ;) {
      const page = await from.stub.exportRows(cursor)
      if (page === null) break
      await to.stub.importRows(from.tenant, page.table, page.rows)
      cursor = page.next
    }
    expect(await to.stub.digest()).toEqual(await from.stub.digest())
    expect(await to.rpc().breakers()).toEqual(await from.rpc().breakers())
    expect(await to.rpc().breakers()).toMatchObject([{ state: 'open' }])
    expect([(await call(to)).decision, (await call(to)).reason]).toEqual(['allow', 'loop_detected'])
  })
})
