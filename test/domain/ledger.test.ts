import { describe, expect, it } from 'vitest'
import { shortHash } from '../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { eventKey, priceOf, type FindRates } from '../../workers/domain/ledger.ts'

const base: CanonicalEvent = {
  event_type: 'agent.step.completed',
  timestamp: 1_795_000_000_000,
  trace_id: 't1',
  span_id: 's1',
}
const rates: FindRates = (_, model) =>
  model === 'known'
    ? { input: { base: 1_000_000n, tiers: [] }, output: { base: 2_000_000n, tiers: [] }, version: 'v1' }
    : null

describe('priceOf', () => {
  it.each([
    [
      'a reported cost is kept',
      { cost_nanousd: 5, model: 'known', tokens_prompt: 10 },
      { cost_nanousd: 5, cost_source: 'reported', price_version: '' },
    ],
    [
      'tokens are priced',
      { model: 'known', tokens_prompt: 10, tokens_completion: 1 },
      { cost_nanousd: 12_000, cost_source: 'computed', price_version: 'v1' },
    ],
    [
      'an unknown model is unpriced',
      { model: 'unknown', tokens_prompt: 10 },
      { cost_nanousd: 0, cost_source: 'unpriced', price_version: '' },
    ],
    ['no tokens, no cost', { model: 'known' }, null],
    ['tokens without a model bear nothing', { tokens_prompt: 10 }, null],
    ['a started step bears nothing', { event_type: 'agent.step.started', cost_nanousd: 5 }, null],
    ['a policy decision bears nothing', { event_type: 'agent.policy.decision', cost_nanousd: 5 }, null],
    [
      'a tool can cost',
      { event_type: 'agent.tool.called', cost_nanousd: 7 },
      { cost_nanousd: 7, cost_source: 'reported', price_version: '' },
    ],
  ] as const)('%s', (_, fields, priced) => {
    expect(priceOf({ ...base, ...fields }, rates)).toEqual(priced)
  })
})

describe('eventKey', () => {
  it('is the event_id alone when there is one, whatever else differs', () => {
    const one = eventKey({ ...base, event_id: 'e' }, shortHash)
    expect(eventKey({ ...base, event_id: 'e', timestamp: 5, span_id: 'other' }, shortHash)).toBe(one)
    expect(eventKey({ ...base, event_id: 'f' }, shortHash)).not.toBe(one)
  })

  it.each([
    { timestamp: base.timestamp + 1 },
    { span_id: 's2' },
    { trace_id: 't2' },
    { attempt: 1 },
    { tool_name: 'x' },
    { model: 'm' },
    { event_type: 'agent.retry' as const },
  ])('differs by %o', (fields) => {
    expect(eventKey({ ...base, ...fields }, shortHash)).not.toBe(eventKey(base, shortHash))
  })

  it('sorts by time, so that inserts stay local', () => {
    const early = eventKey({ ...base, timestamp: 999 }, shortHash)
    const late = eventKey({ ...base, timestamp: 1_795_000_000_001 }, shortHash)
    expect(early < late).toBe(true)
  })
})
