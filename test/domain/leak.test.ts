import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { CONTEXT_TOKENS, leakFinder, LOOP_CALLS, TOOL_CALLS, type Leaked } from '../../workers/domain/leak.ts'
import type { Priced } from '../../workers/domain/ledger.ts'

const T = 1_795_000_000_000
const COST = 900_000
const OF_SPAN = { attributes: { 'agentops.mapper.version': 2 } }
let serial = 0

function call(fields: Partial<CanonicalEvent> = {}): CanonicalEvent {
  serial++
  return {
    event_type: 'agent.step.completed',
    timestamp: T + serial,
    trace_id: 't',
    span_id: `s${serial}`,
    agent_id: 'a',
    step: 'plan',
    model: 'gpt-4o',
    status: 'ok',
    cost_nanousd: COST,
    ...fields,
  }
}
const tool = (fields: Partial<CanonicalEvent> = {}) =>
  call({ event_type: 'agent.tool.called', model: undefined, step: undefined, tool_name: 'search', ...fields })

/** As `priceOf` says of events that report their cost. */
const priceOf = (event: CanonicalEvent): Priced | null =>
  event.cost_nanousd === undefined
    ? null
    : { cost_nanousd: event.cost_nanousd, cost_source: 'reported', price_version: '' }
const leaks = (...events: CanonicalEvent[]): (Leaked | null)[] => {
  const find = leakFinder()
  return events.map((event) => find(event, priceOf(event)))
}
const names = (...events: CanonicalEvent[]) => leaks(...events).map((found) => found?.leak ?? '')
const times = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))

describe('a leak of the whole cost', () => {
  it.each<[string, Partial<CanonicalEvent>, string]>([
    ['a call that succeeded', {}, ''],
    ['a call that failed', { status: 'error', error_type: 'timeout' }, 'failed_call'],
    ['a call that was blocked', { status: 'blocked' }, 'failed_call'],
    ['a call that was cancelled', { status: 'cancelled' }, ''],
    ['a failed request that is paid itself', { event_type: 'agent.request.completed', status: 'error' }, 'failed_call'],
    ['a failed retry, which is first of all failed', { status: 'error', attempt: 2 }, 'failed_call'],
    ['the first try', { attempt: 0 }, ''],
    ['the second try', { attempt: 1 }, 'retry'],
    ['a retry that says nothing else', { event_type: 'agent.retry' }, 'retry'],
    ['a loop that the agent found itself', { error_type: 'loop_detected' }, 'loop'],
    ['a loop that was tried again', { error_type: 'loop_detected', attempt: 1 }, 'retry'],
    ['what cost nothing', { status: 'error', cost_nanousd: 0 }, ''],
    ['what has no price', { status: 'error', cost_nanousd: undefined }, ''],
    ['what the guard takes back', { event_type: 'agent.budget.settlement', attempt: 1, cost_nanousd: -5 }, ''],
    ['what the guard books', { event_type: 'agent.budget.settlement', attempt: 1 }, ''],
  ])('%s: %s', (_, fields, leak) => {
    expect(leaks(call(fields))).toEqual([leak === '' ? null : { leak, nanousd: COST }])
  })
})

describe('a loop', () => {
  it('is what calls a model for one step more often than five times', () => {
    expect(names(...times(8, () => call()))).toEqual(['', '', '', '', '', 'loop', 'loop', 'loop'])
    expect(LOOP_CALLS).toBe(5)
  })

  it('counts calls that failed or cost nothing', () => {
    const refused = times(5, () => call({ status: 'error', cost_nanousd: undefined }))
    expect(names(...refused, call()).at(-1)).toBe('loop')
  })

  it.each<[string, (i: number) => Partial<CanonicalEvent>]>([
    ['of other steps', (i) => ({ step: `step ${i}` })],
    ['of other traces', (i) => ({ trace_id: `t${i}` })],
    ['of other agents', (i) => ({ agent_id: `a${i}` })],
    ['without a step', () => ({ step: undefined })],
    ['whose step is the name of the model', () => ({ step: 'openai gpt-4o' })],
    ['that OpenTelemetry names', () => ({ step: 'chat claude' })],
    ['that are spans of an instrumentation', () => ({ step: 'claude_code.llm_request', ...OF_SPAN })],
  ])('is not made of calls %s', (_, fields) => {
    expect(names(...times(12, (i) => call(fields(i))))).toEqual(times(12, () => ''))
  })

  it('is not made of one call that is told again', () => {
    const one = call()
    expect(names(...times(9, () => one))).toEqual(times(9, () => ''))
    const named = times(9, () => call({ event_id: 'e' }))
    expect(names(...named)).toEqual(times(9, () => ''))
  })

  it('is found within one batch only', () => {
    const events = times(10, () => call())
    expect([...names(...events.slice(0, 5)), ...names(...events.slice(5))]).toEqual(times(10, () => ''))
  })
})

describe('a repeated tool', () => {
  const same = { attributes: { tool_args_hash: 'h1' } }

  it('is called with the same arguments more than three times', () => {
    expect(names(...times(5, () => tool(same)))).toEqual(['', '', '', 'repeated_tool', 'repeated_tool'])
    expect(TOOL_CALLS).toBe(3)
    const args = { attributes: { 'gen_ai.tool.call.arguments': { q: 'x' } } }
    expect(names(...times(4, () => tool(args))).at(-1)).toBe('repeated_tool')
    expect(names(...times(4, () => tool({ ...same, status: 'error', event_type: 'agent.tool.failed' }))).at(-1)).toBe(
      'failed_call',
    )
  })

  it('is told by its step where no arguments are told', () => {
    expect(names(...times(4, () => tool({ step: 'collect' }))).at(-1)).toBe('repeated_tool')
  })

  it.each<[string, (i: number) => Partial<CanonicalEvent>]>([
    ['other arguments', (i) => ({ attributes: { tool_args_hash: `h${i}` }, step: 'collect' })],
    ['other tools', (i) => ({ ...same, tool_name: `tool ${i}` })],
    ['other traces', (i) => ({ ...same, trace_id: `t${i}` })],
    ['neither arguments nor step', () => ({})],
    ['a step that is named after the tool', () => ({ step: 'execute_tool search' })],
    ['the name of a span', () => ({ step: 'ai.toolCall', ...OF_SPAN })],
  ])('is not told by %s', (_, fields) => {
    expect(names(...times(9, (i) => tool(fields(i))))).toEqual(times(9, () => ''))
  })
})

describe('an oversized context', () => {
  const of = (prompt: number, completion: number, cached = 0, write = 0) =>
    call({ tokens_prompt: prompt, tokens_completion: completion, tokens_cached: cached, tokens_cache_write: write })

  it.each<[string, CanonicalEvent, number | null]>([
    ['as large as may be', of(16_000, 10), null],
    ['larger, by the share of the tokens beyond', of(20_000, 500), Math.floor((COST * 4000) / 20_500)],
    ['larger, for an answer that is worth it', of(20_000, 2000), null],
    ['of which a cache holds most', of(40_000, 10, 24_000), null],
    ['that is written to the cache', of(40_000, 10, 0, 24_000), null],
    ['of which a cache holds some', of(40_000, 100, 10_000), Math.floor((COST * 14_000) / 40_100)],
  ])('%s', (_, event, nanousd) => {
    expect(leaks(event)).toEqual([nanousd === null ? null : { leak: 'oversized_context', nanousd }])
    expect(CONTEXT_TOKENS).toBe(16_000)
  })

  it('is exact where doubles are not', () => {
    const [found] = leaks({ ...of(1_000_000_000, 7), cost_nanousd: 999_999_999_999_999 })
    expect(found?.nanousd).toBe(Number((999_999_999_999_999n * 999_984_000n) / 1_000_000_007n))
  })
})

it('no more leaks than was paid, and each dollar once', () => {
  const event = fc.record({
    status: fc.constantFrom('ok', 'error', 'blocked', 'cancelled'),
    attempt: fc.nat(2),
    step: fc.constantFrom('plan', 'act'),
    event_type: fc.constantFrom('agent.step.completed', 'agent.tool.called', 'agent.retry', 'agent.request.completed'),
    cost_nanousd: fc.nat(1_000_000_000),
    tokens_prompt: fc.nat(100_000),
    tokens_completion: fc.nat(3000),
    tokens_cached: fc.nat(20_000),
  })
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (drawn) => {
      const events = drawn.map((fields) => call(fields as Partial<CanonicalEvent>))
      leaks(...events).forEach((found, i) => {
        if (found === null) return
        expect(found.nanousd).toBeGreaterThan(0)
        expect(found.nanousd).toBeLessThanOrEqual(events[i]?.cost_nanousd ?? 0)
        if (found.leak !== 'oversized_context') expect(found.nanousd).toBe(events[i]?.cost_nanousd)
      })
    }),
  )
})
