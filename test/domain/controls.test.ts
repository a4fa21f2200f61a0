import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ControlCreate } from '../../workers/contract/control.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { untouched } from '../../workers/domain/control/breaker.ts'
import { check, type WorkFacts } from '../../workers/domain/control/check.ts'
import { limitsOf, toolsOf, type OpenControl } from '../../workers/domain/control/limits.ts'
import { CALLS_MAX, counted, noCalls, repeatsOf } from '../../workers/domain/control/loop.ts'
import { callsOf, newCalls, providerFailed } from '../../workers/domain/control/outcome.ts'

let serial = 0
function control(given: object, name = `C${serial}`): OpenControl {
  const { scope: _, record, name: known, ...settings } = ControlCreate.parse({ name, scope: { type: 'org' }, ...given })
  const tools = settings.tools_allowed && new Set(settings.tools_allowed)
  return { id: `ctl_${serial++}`, name: known, scope: 'org', scope_id: '', settings, record, tools }
}
const NOTHING: WorkFacts = { attempt: null, tool: null, tokens_context: null, depth: null, step: null, repeats: null }
const ask = (controls: OpenControl[], facts: Partial<WorkFacts>) =>
  check(limitsOf(controls), { ...NOTHING, ...facts }, [])

describe('run-time controls', () => {
  it.each<[string, object, Partial<WorkFacts>, string | null]>([
    ['the last retry', { retries_max: 2 }, { attempt: 2 }, null],
    [
      'one retry more',
      { retries_max: 2 },
      { attempt: 3 },
      'retry_cap policy_blocked retry_cap: This would be retry 3; “C” allows at most 2.',
    ],
    ['a first try where none may be repeated', { retries_max: 0 }, { attempt: 0 }, null],
    ['a tool of the list', { tools_allowed: ['a', 'b'] }, { tool: 'b' }, null],
    [
      'another tool',
      { tools_allowed: ['a', 'b'] },
      { tool: 'c' },
      'tool_not_allowed policy_blocked tool_allowlist: The tool “c” is not among the 2 that “C” allows.',
    ],
    [
      'any tool where none is allowed',
      { tools_allowed: [] },
      { tool: 'c' },
      'tool_not_allowed policy_blocked tool_allowlist: The tool “c” is not among the 0 that “C” allows.',
    ],
    ['no tool', { tools_allowed: [] }, {}, null],
    ['a context that fits', { context_tokens_max: 8000 }, { tokens_context: 8000 }, null],
    [
      'a longer one',
      { context_tokens_max: 8000 },
      { tokens_context: 8001 },
      'context_limit missing_context context_limit: The tokens of its context are 8001; “C” allows at most 8000.',
    ],
    ['the last repeat', { loop: { repeats_max: 2 } }, { tool: 't', repeats: 1 }, null],
    [
      'one repeat more',
      { loop: { repeats_max: 2 } },
      { tool: 't', repeats: 2 },
      'loop_detected loop_detected loop: The tool “t” would be called with the same arguments for the 3rd time in its trace; “C” allows at most 2.',
    ],
    [
      'a depth',
      { loop: { depth_max: 1 } },
      { depth: 2 },
      'loop_detected loop_detected loop: Its depth is 2; “C” allows at most 1.',
    ],
    [
      'a step',
      { loop: { steps_max: 1 } },
      { step: 2 },
      'loop_detected loop_detected loop: In its trace this would be step 2; “C” allows at most 1.',
    ],
    [
      'nothing that it says',
      { retries_max: 1, context_tokens_max: 1, loop: { depth_max: 0, repeats_max: 1, steps_max: 1 } },
      {},
      null,
    ],
  ])('decide on %s', (_, settings, facts, expected) => {
    const { refusal } = ask([control(settings, 'C')], facts)
    const said = refusal && `${refusal.reason} ${refusal.error_type} ${refusal.kind}: ${refusal.detail}`
    expect(said).toBe(expected)
  })

  it('say of an open breaker when to try again, and of a half open one that it is full', () => {
    const one = control(
      { breaker: { min_requests: 1, error_rate: 0.5, window_s: 60, open_s: 30, half_open_max: 1 } },
      'C',
    )
    const breaker = { ...untouched, state: 'open' as const, rate: 0.625, requests: 8, until_ms: Date.UTC(2026, 0, 1) }
    const asked = (more: object, isIn = false) =>
      check(limitsOf([one]), NOTHING, [{ control: one, breaker: { ...breaker, ...more }, isIn }]).refusal
    expect(asked({})).toMatchObject({
      reason: 'circuit_open',
      error_type: 'dependency_unavailable',
      retry_at_ms: Date.UTC(2026, 0, 1),
      detail:
        'The circuit breaker of “C” is open, since 62.5 % of 8 calls had failed: try again at 2026-01-01T00:00:00.000Z.',
    })
    expect(asked({ state: 'half_open', until_ms: null })?.detail).toMatch(/half open.*as many probes as it may/)
    expect(asked({ state: 'half_open', until_ms: null }, true)).toBeNull()
  })

  it('refuse what any of them alone refuses, and nothing else', () => {
    const setting = fc.record({
      retries_max: fc.option(fc.nat(3)),
      context_tokens_max: fc.option(fc.integer({ min: 1, max: 4 })),
      tools_allowed: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'c'))),
      loop: fc.option(
        fc.record({
          repeats_max: fc.integer({ min: 1, max: 3 }),
          depth_max: fc.option(fc.nat(3)),
          steps_max: fc.option(fc.integer({ min: 1, max: 4 })),
        }),
      ),
    })
    const facts = fc.record({
      attempt: fc.option(fc.nat(4)),
      tool: fc.option(fc.constantFrom('a', 'b', 'c', 'd')),
      tokens_context: fc.option(fc.nat(5)),
      depth: fc.option(fc.nat(4)),
      step: fc.option(fc.nat(5)),
      repeats: fc.option(fc.nat(3)),
    })
    fc.assert(
      fc.property(fc.array(setting, { maxLength: 4 }), facts, (settings, given) => {
        const controls = settings
          .filter((one) => Object.values(one).some((value) => value !== null))
          .map((one) => control(one))
        const { refusal } = check(limitsOf(controls), given, [])
        const alone = controls.filter((one) => check(limitsOf([one]), given, []).refusal !== null)
        expect(refusal !== null).toBe(alone.length > 0)
        if (refusal !== null) expect(alone.map(({ id }) => id)).toContain(refusal.control.id)
        const tools = toolsOf(limitsOf(controls))
        if (given.tool !== null && tools !== null && !tools.includes(given.tool)) expect(refusal).not.toBeNull()
      }),
      { numRuns: 1000 },
    )
  })
})

describe('what a trace has done', () => {
  it('is counted by call, and not without end', () => {
    let calls = counted(counted(counted(noCalls, 'a'), null), 'a')
    expect([calls.steps, repeatsOf(calls, 'a'), repeatsOf(calls, 'b'), repeatsOf(calls, null)]).toEqual([3, 2, 0, 0])
    for (let i = 0; i < 2 * CALLS_MAX; i++) calls = counted(calls, `once ${i}`)
    expect([calls.steps, calls.calls.size, repeatsOf(calls, 'a')]).toEqual([3 + 2 * CALLS_MAX, CALLS_MAX, 2])
  })
})

describe('what a call says of its provider', () => {
  it.each([
    ['ok', undefined, false],
    [undefined, undefined, false],
    ['error', 'rate_limit', true],
    ['error', '529', true],
    ['error', '503', true],
    ['error', 'APITimeoutError', true],
    ['error', 'unsafe_output', false],
    ['error', 'context_length_exceeded', false],
    ['error', undefined, false],
    ['cancelled', undefined, null],
    ['blocked', 'policy_blocked', null],
  ] as const)('%s, %s', (status, type, expected) => {
    expect(providerFailed(status, type)).toBe(expected)
  })

  it('is told once, by settle calls or by events', () => {
    const arbitrary = fc.array(fc.constantFrom('told', 'seen'), { maxLength: 30 })
    fc.assert(
      fc.property(arbitrary, (ways) => {
        let known = { calls_told: 0, calls_seen: 0 }
        let news = 0
        for (const way of ways) {
          const next = { ...known, [`calls_${way}`]: known[`calls_${way}`] + 1 }
          news += newCalls(known, next)
          known = next
        }
        expect(news).toBe(Math.max(known.calls_told, known.calls_seen))
      }),
    )
  })

  it('is grouped by second, agent and model; what is no call of a model, or long ago, is left out', () => {
    const at = 1_700_000_000_500
    const event = (more: Partial<CanonicalEvent>): CanonicalEvent => ({
      event_type: 'agent.step.completed',
      timestamp: at,
      trace_id: 't',
      span_id: 's',
      provider: 'openai',
      model: 'gpt-4o',
      agent_id: 'bot',
      ...more,
    })
    const events = [
      event({}),
      event({ timestamp: at + 300, status: 'error', error_type: 'timeout' }),
      event({ status: 'cancelled' }),
      event({ reservation_id: 'rsv_1' }),
      event({ timestamp: at - 2 * 3_600_000 }),
      event({ event_type: 'agent.tool.called', tool_name: 'x' }),
      event({ event_type: 'agent.budget.settlement', cost_nanousd: 5 }),
    ]
    expect(callsOf(events, at)).toEqual([
      [at - 500, 'bot', '', 'openai', 'gpt-4o', '', 2, 1],
      [at - 500, 'bot', '', 'openai', 'gpt-4o', 'rsv_1', 1, 0],
    ])
  })
})
