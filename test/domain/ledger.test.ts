import { describe, expect, it } from 'vitest'
import { shortHash } from '../../workers/adapters/hash.ts'
import type { CanonicalEvent } from '../../workers/contract/event.ts'
import { ANSWER_WINDOW_MS, eventKey, partsOf, partsText, priceOf } from '../../workers/domain/ledger.ts'
import { NO_PRICES, type PriceBook } from '../../workers/domain/price-book.ts'

const base: CanonicalEvent = {
  event_type: 'agent.step.completed',
  timestamp: 1_795_000_000_000,
  trace_id: 't1',
  span_id: 's1',
}
const prices: PriceBook = {
  ...NO_PRICES,
  rates: (_, model) =>
    model === 'known'
      ? { input: { base: 1_000_000n, tiers: [] }, output: { base: 2_000_000n, tiers: [] }, version: 'v1' }
      : null,
  perCall: (tool) => (tool === 'search' ? { nanousd: 5_000_000, version: 'override/price_1@1' } : null),
}

describe('what a price depends on besides', () => {
  it.each([
    ['nothing, for nearly every call', {}, ''],
    ['nor the usual tier', { service_tier: 'default' }, ''],
    [
      'a cache of an hour in a batch',
      { tokens_cache_write_1h: 5, service_tier: 'batch' },
      '{"tokens_cache_write_1h":5,"service_tier":"batch"}',
    ],
    ['that none of the audio was cached', { tokens_cached_audio: 0 }, '{"tokens_cached_audio":0}'],
  ])('is kept with the entry: %s', (_, fields, text) => {
    expect(partsText({ ...base, ...fields })).toBe(text)
    if (text !== '') expect(partsOf(text)).toEqual(fields)
  })
})

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
    [
      'a call of a tool that has a price',
      { event_type: 'agent.tool.called', tool_name: 'search' },
      { cost_nanousd: 5_000_000, cost_source: 'computed', price_version: 'override/price_1@1' },
    ],
    [
      'a reported cost of such a call is kept',
      { event_type: 'agent.tool.called', tool_name: 'search', cost_nanousd: 7 },
      { cost_nanousd: 7, cost_source: 'reported', price_version: '' },
    ],
    ['a tool without a price', { event_type: 'agent.tool.called', tool_name: 'other' }, null],
    ['a call that failed', { event_type: 'agent.tool.failed', tool_name: 'search' }, null],
  ] as const)('%s', (_, fields, priced) => {
    expect(priceOf({ ...base, ...fields }, prices)).toEqual(priced)
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

  describe('of a call that is told by its answer', () => {
    const call = {
      ...base,
      model: 'gpt-4o',
      response_id: 'chatcmpl-7037a92eb2c907c9526b7152',
      tokens_prompt: 425,
      tokens_completion: 38,
    }
    const key = (fields: Partial<CanonicalEvent>) => eventKey({ ...call, ...fields }, shortHash)

    it.each<[string, Partial<CanonicalEvent>]>([
      ['another trace and span', { trace_id: 't2', span_id: 's2' }],
      ['a span that ends a little later', { timestamp: base.timestamp + 40 }],
      ['the model with its date', { model: 'gpt-4o-2024-08-06' }],
      ['an id of the client', { event_id: 'e' }],
    ])('is the same for %s', (_, fields) => {
      expect(key(fields)).toBe(key({}))
    })

    it.each<[string, Partial<CanonicalEvent>]>([
      ['another answer', { response_id: 'chatcmpl-17c6c7eacf4ac80f9ce148b6' }],
      ['another count of tokens', { tokens_completion: 39 }],
      ['the next window', { timestamp: base.timestamp + ANSWER_WINDOW_MS }],
      ['what was reserved', { reservation_id: 'rsv_1' }],
      ['another type', { event_type: 'agent.request.completed' }],
    ])('differs for %s', (_, fields) => {
      expect(key(fields)).not.toBe(key({}))
    })

    it.each(['chatcmpl-742', 'mock-response', 'chatcmpl-aaaaaaaaaaaaaaaaaaaaaaaa', '1', 'cmpl-1795000000000000000'])(
      'is of the span where a server counts or repeats its ids: %s',
      (response_id) => {
        expect(key({ response_id, span_id: 's2' })).not.toBe(key({ response_id }))
      },
    )

    it.each([
      'msg_01XFDUDYJgAACzvnptvVoYEL',
      'resp_67ccd2bed1ec8190b14f964abc0542670bb6a6b452d3795b',
      'chatcmpl-3fa85f64-5717-4562-b3fc-2c963f66afa6',
      'gen-1748-3fa85f6457174562b3fc',
    ])('takes ids of providers: %s', (response_id) => {
      expect(key({ response_id, span_id: 's2' })).toBe(key({ response_id }))
    })
  })

  it('sorts by time, so that inserts stay local', () => {
    const early = eventKey({ ...base, timestamp: 999 }, shortHash)
    const late = eventKey({ ...base, timestamp: 1_795_000_000_001 }, shortHash)
    expect(early < late).toBe(true)
  })
})
