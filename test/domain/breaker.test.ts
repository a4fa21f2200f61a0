import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BreakerRule } from '../../workers/contract/control.ts'
import {
  atTime,
  giveBack,
  learn,
  letIn,
  reset,
  untouched,
  windowOf,
  type Breaker,
} from '../../workers/domain/control/breaker.ts'

const RULE: BreakerRule = { min_requests: 4, error_rate: 0.5, window_s: 60, open_s: 30, half_open_max: 2 }
const T0 = 1_700_000_000_000
const call = (at_ms: number, errors: number, requests = 1, reservation_id = '') => ({
  at_ms,
  requests,
  errors,
  reservation_id,
})

function openedAt(atMs: number): Breaker {
  const breaker = learn(untouched, RULE, call(atMs, 3, 4), atMs)
  expect(breaker).toMatchObject({ state: 'open', rate: 0.75, requests: 4, until_ms: atMs + 30_000 })
  return breaker
}

describe('a circuit breaker', () => {
  it.each<[string, [errors: number, requests: number][], Breaker['state']]>([
    ['too few calls', [[3, 3]], 'closed'],
    ['a rate below', [[3, 7]], 'closed'],
    ['the rate itself', [[2, 4]], 'open'],
    [
      'calls that come one by one',
      [
        [1, 1],
        [0, 1],
        [1, 1],
        [0, 1],
        [1, 1],
      ],
      'open',
    ],
    ['no failure at all', [[0, 100]], 'closed'],
  ])('opens by its window: %s', (_, calls, state) => {
    const breaker = calls.reduce((b, [errors, requests]) => learn(b, RULE, call(T0, errors, requests), T0), untouched)
    expect(breaker.state).toBe(state)
  })

  it('forgets what is older than its window, and counts nothing that comes too late for it', () => {
    const early = learn(untouched, RULE, call(T0, 3, 3), T0)
    expect(learn(early, RULE, call(T0 + 64_000, 1), T0 + 64_000)).toMatchObject({ state: 'closed' })
    expect(windowOf(early, RULE, T0 + 64_000)).toEqual({ requests: 0, errors: 0 })
    expect(learn(untouched, RULE, call(T0 - 60_000, 9, 9), T0)).toBe(untouched)
    expect(learn(untouched, RULE, call(T0 + 600_000, 9, 9), T0)).toMatchObject({ state: 'open' })
  })

  it('refuses while it is open, then lets so many probes in', () => {
    const open = openedAt(T0)
    expect(letIn(open, RULE, 'a', T0 + 29_999)).toBeNull()
    const one = letIn(open, RULE, 'a', T0 + 30_000)
    expect(one).toMatchObject({ state: 'half_open', since_ms: T0 + 30_000, probes: ['a'], rate: 0.75 })
    const two = letIn(one as Breaker, RULE, 'b', T0 + 30_001)
    expect(letIn(two as Breaker, RULE, 'c', T0 + 30_002)).toBeNull()
    // One that ended without a word makes room.
    expect(letIn(giveBack(two as Breaker, 'a'), RULE, 'c', T0 + 30_003)).toMatchObject({ probes: ['b', 'c'] })
  })

  it('closes when its probes succeed, and opens again when one fails', () => {
    const probing = ['a', 'b'].reduce((b, id) => letIn(b, RULE, id, T0 + 30_000) as Breaker, openedAt(T0))
    const later = T0 + 31_000
    const one = learn(probing, RULE, call(later, 0, 1, 'a'), later)
    expect(one).toMatchObject({ state: 'half_open', succeeded: 1, probes: ['b'] })
    expect(letIn(one, RULE, 'c', later)).toBeNull()
    expect(learn(one, RULE, call(later, 0, 1, 'b'), later)).toMatchObject({
      state: 'closed',
      since_ms: later,
      slots: [],
    })
    expect(learn(one, RULE, call(later, 1, 1, 'b'), later)).toMatchObject({ state: 'open', until_ms: later + 30_000 })
  })

  it('is told nothing by calls that ended before it opened or began to probe', () => {
    const open = openedAt(T0)
    expect(learn(open, RULE, call(T0 + 1, 5, 5), T0 + 1)).toBe(open)
    const probing = letIn(open, RULE, 'a', T0 + 30_000) as Breaker
    expect(learn(probing, RULE, call(T0 + 29_000, 5, 5), T0 + 30_001)).toBe(probing)
    expect(learn(probing, RULE, call(T0 + 30_500, 0, 2), T0 + 30_500)).toMatchObject({ state: 'closed' })
  })

  it('is closed by hand, and counts anew', () => {
    expect(reset(openedAt(T0), T0 + 1)).toMatchObject({ state: 'closed', since_ms: T0 + 1, slots: [], rate: 0.75 })
    const counting = learn(untouched, RULE, call(T0, 1, 3), T0)
    expect(reset(counting, T0)).toMatchObject({ state: 'closed', since_ms: 0, slots: [] })
  })

  it('behaves as its definition does, whatever comes in whatever order', () => {
    const rule = fc.record({
      min_requests: fc.integer({ min: 1, max: 5 }),
      error_rate: fc.constantFrom(0.1, 0.5, 1),
      window_s: fc.constantFrom(10, 60),
      open_s: fc.constantFrom(1, 20),
      half_open_max: fc.integer({ min: 1, max: 3 }),
    })
    const step = fc.oneof(
      fc.record({ do: fc.constant('call' as const), errors: fc.boolean() }),
      fc.record({ do: fc.constant('ask' as const) }),
      fc.record({ do: fc.constant('answer' as const), errors: fc.boolean() }),
      fc.record({ do: fc.constant('end' as const) }),
      fc.record({ do: fc.constant('wait' as const), s: fc.integer({ min: 1, max: 30 }) }),
      fc.record({ do: fc.constant('reset' as const) }),
    )
    fc.assert(
      fc.property(rule, fc.array(step, { maxLength: 60 }), (r, steps) => {
        const model = new Model(r)
        let breaker: Breaker = untouched
        let now = T0
        let serial = 0
        for (const one of steps) {
          if (one.do === 'wait') now += one.s * 1000
          else if (one.do === 'reset') [breaker] = [reset(breaker, now), model.reset(now)]
          else if (one.do === 'call') {
            breaker = learn(breaker, r, call(now, Number(one.errors)), now)
            model.call(now, one.errors)
          } else if (one.do === 'ask') {
            const id = `r${serial++}`
            const after = letIn(breaker, r, id, now)
            expect(after !== null).toBe(model.ask(now, id))
            breaker = after ?? breaker
          } else {
            const id = model.probes[0]
            if (id === undefined) continue
            if (one.do === 'end') [breaker] = [giveBack(breaker, id), model.end(id)]
            else {
              breaker = learn(breaker, r, call(now, Number(one.errors), 1, id), now)
              model.call(now, one.errors, id)
            }
          }
          expect(atTime(breaker, now).state).toBe(model.at(now))
        }
      }),
      { numRuns: 500 },
    )
  })
})

/** A breaker in the words of its definition: it keeps every call, and sums the window each time. */
class Model {
  private readonly rule: BreakerRule
  private state: Breaker['state'] = 'closed'
  private calls: { at: number; failed: boolean }[] = []
  private until = 0
  private succeeded = 0
  probes: string[] = []

  constructor(rule: BreakerRule) {
    this.rule = rule
  }

  at(now: number): Breaker['state'] {
    if (this.state === 'open' && now >= this.until) this.become('half_open')
    return this.state
  }

  ask(now: number, id: string): boolean {
    const state = this.at(now)
    if (state === 'closed') return true
    if (state === 'open' || this.probes.length + this.succeeded >= this.rule.half_open_max) return false
    this.probes.push(id)
    return true
  }

  call(now: number, failed: boolean, id = ''): void {
    const state = this.at(now)
    if (state === 'open') return
    this.end(id)
    if (state === 'half_open') {
      if (failed) this.open(now)
      else if (++this.succeeded >= this.rule.half_open_max) this.become('closed')
      return
    }
    this.calls.push({ at: now, failed })
    // The window is kept in slots of a twentieth, of a second at least.
    const width = Math.max(1000, (this.rule.window_s * 1000) / 20)
    const oldest = Math.floor((now - this.rule.window_s * 1000) / width) * width
    const inside = this.calls.filter(({ at }) => at >= oldest)
    const errors = inside.filter((one) => one.failed).length
    if (errors > 0 && inside.length >= this.rule.min_requests && errors / inside.length >= this.rule.error_rate)
      this.open(now)
  }

  end(id: string): void {
    this.probes = this.probes.filter((one) => one !== id)
  }

  reset(now: number): void {
    this.at(now)
    this.become('closed')
  }

  private open(now: number): void {
    this.become('open')
    this.until = now + this.rule.open_s * 1000
  }

  private become(state: Breaker['state']): void {
    this.state = state
    this.calls = []
    this.probes = []
    this.succeeded = 0
  }
}
