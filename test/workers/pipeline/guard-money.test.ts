import { evictDurableObject, runDurableObjectAlarm } from 'cloudflare:test'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { BOOK_AFTER_MS } from '../../../workers/pipeline/objects/budget/guard.ts'
import { usd } from '../../../workers/domain/money.ts'
import { DAY_MS, idOf, nano, ownDays, worldOf } from '../../support/guard.ts'
import { real } from '../../support/moving.ts'

const pass = ownDays()
/** Of the hard budget, in nano-dollars; agents reserve up to 400 at a time. */
const LIMIT = 600
/** So many orders are tried, or as many as there is time for. */
const [RUNS_MIN, RUNS_MAX, RUN_MS_MAX] = [5, 25, 12_000]

describe('what was spent', () => {
  it.each([
    ['only a settle', true, [], 300],
    ['only an event', false, [300], 300],
    ['both, the same', true, [300], 300],
    ['both, the event less', true, [200], 300],
    ['both, the event more', true, [450], 450],
    ['a settle, and several events', true, [100, 100, 100], 300],
  ])(
    'is counted once, in budget and ledger: %s',
    async (_, settles, events, expected) => {
      for (const order of ['settle first', 'events first', 'events after the booking']) {
        const w = worldOf()
        await w.budget()
        const id = idOf(await w.reserve('0.0000005'))
        const settle = async () => (settles ? w.settle(id, usd(300)) : undefined)
        const sends = async () => {
          for (const cost of events) await w.send([w.eventOf(cost, { reservation_id: id })])
        }
        if (order === 'events first') await sends()
        await settle()
        if (order === 'settle first') await sends()
        if (order === 'events after the booking') {
          pass(BOOK_AFTER_MS)
          await w.booked()
          await sends()
        }
        pass(BOOK_AFTER_MS)
        expect({ order, total: (await w.booked()).cost_nanousd }).toEqual({ order, total: String(expected) })
        expect(await w.only()).toMatchObject({ spent_usd: usd(expected), reserved_usd: usd(0) })
      }
    },
    60_000,
  )

  it('reaches the ledger, also when the object was evicted before it was booked', async () => {
    const w = worldOf()
    await w.budget()
    await w.settle(idOf(await w.reserve('0.0000005')), usd(300))
    await evictDurableObject(w.stub)
    pass(BOOK_AFTER_MS)
    expect((await w.booked()).cost_nanousd).toBe('300')
  })

  it('reaches each threshold once in a period, whatever is redelivered', async () => {
    const w = worldOf()
    await w.budget({ limit_usd: '1', hard: false })
    const events = [w.eventOf(600_000_000), w.eventOf(300_000_000)]
    for (let i = 0; i < 3; i++) await w.send(events)
    await evictDurableObject(w.stub)
    await w.send([w.eventOf(200_000_000)])
    await w.booked()
    const hits = async () => {
      const found = await cellFor(real, 'global')
        .shard(0)
        .prepare(`SELECT trace_id, events FROM trace WHERE project_id = ?1 AND trace_id LIKE 'budget-%'`)
        .bind(w.tenant.project_id)
        .all<{ events: number }>()
      return found.results.reduce((sum, { events: n }) => sum + n, 0)
    }
    expect(await hits()).toBe(3)
    pass(31 * DAY_MS)
    await w.send([w.eventOf(550_000_000)])
    await w.ring()
    expect(await hits()).toBe(4)
  }, 30_000)
})

describe('a hard budget', () => {
  it('is never passed, and equals the ledger at the end, in any order of what agents do', async () => {
    const amount = fc.integer({ min: 1, max: 400 })
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ do: fc.constant('reserve' as const), amount, key: fc.option(fc.nat(5)) }) },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('settle' as const),
          at: fc.nat(30),
          part: fc.nat(100),
          final: fc.boolean(),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          do: fc.constant('event' as const),
          at: fc.nat(30),
          part: fc.nat(100),
          again: fc.boolean(),
        }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1000, BOOK_AFTER_MS, 400_000) }),
      },
      {
        weight: 1,
        arbitrary: fc.record({ do: fc.constant('release' as const), at: fc.nat(30) }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('evict' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('alarm' as const) }) },
    )
    let runs = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 15, maxLength: 40 }), async (steps) => {
        runs++
        const w = worldOf()
        await w.budget({ limit_usd: usd(LIMIT) })
        const made: { id: string; held: number; settled: number; evented: number }[] = []
        for (const s of steps) {
          if (s.do === 'reserve') {
            const answer = await w.reserve(usd(s.amount), {
              ttl_s: 300,
              idempotency_key: s.key === null ? null : `k${s.key}`,
            })
            const id = answer.reservations[0]?.reservation_id
            if (id !== undefined && made.every((one) => one.id !== id))
              made.push({ id, held: s.amount, settled: 0, evented: 0 })
          } else if (s.do === 'pass') {
            pass(s.ms)
            await runDurableObjectAlarm(w.stub)
          } else if (s.do === 'evict') await evictDurableObject(w.stub)
          else if (s.do === 'alarm') await runDurableObjectAlarm(w.stub)
          else {
            const one = made[s.at % Math.max(1, made.length)]
            const held = one && (await w.rpc().reservations(100)).find(({ id }) => id === one.id)
            if (one === undefined || held?.state !== 'open') continue
            if (s.do === 'release') await w.rpc().release(one.id)
            else {
              // Guarded traffic: no more than what is held.
              const cost = Math.floor((nano(held.held_usd) * s.part) / 100)
              if (s.do === 'settle') {
                const first = await w.settle(one.id, usd(cost), { final: s.final })
                one.settled += cost
                if (s.final)
                  expect(await w.settle(one.id, usd(cost))).toMatchObject({
                    repeated: true,
                    spent_usd: first?.spent_usd,
                  })
              } else {
                const event = w.eventOf(cost, { reservation_id: one.id })
                await w.send([event])
                if (s.again) await w.send([event, event])
                one.evented += cost
              }
            }
          }
          const { spent_usd, reserved_usd } = await w.only()
          expect(nano(spent_usd) + nano(reserved_usd)).toBeLessThanOrEqual(LIMIT)
        }
        pass(400_000)
        const total = await w.booked()
        const expected = made.reduce((sum, { settled, evented }) => sum + Math.max(settled, evented), 0)
        expect(total.cost_nanousd).toBe(String(expected))
        expect(await w.only()).toMatchObject({ spent_usd: usd(expected), reserved_usd: usd(0) })
      }),
      // A failure is told as it was found: to make it smaller takes minutes. A busy machine does not make one.
      { numRuns: RUNS_MAX, endOnFailure: true, interruptAfterTimeLimit: RUN_MS_MAX, markInterruptAsFailure: false },
    )
    expect(runs).toBeGreaterThanOrEqual(RUNS_MIN)
  }, 60_000)
})
