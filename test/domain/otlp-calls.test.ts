import { describe, expect, it } from 'vitest'
import type { Attributes, FlatSpan } from '../../workers/domain/otlp/span.ts'
import { canonicalEvents, runsOf, type Run } from '../support/clients.ts'
import { agent, chat, ID, NOW, span, usage } from '../support/otlp-spans.ts'

const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' }
const runs = (...spans: FlatSpan[]) => runsOf(canonicalEvents(spans))
const counted = (...spans: FlatSpan[]) =>
  runs(...spans).map(({ calls = [] }) => calls.map(({ prompt = 0, completion = 0 }) => `${prompt}/${completion}`))

describe('calls told more than once', () => {
  const inner = chat({ ...usage(425, 38), 'gen_ai.usage.cache_read.input_tokens': 128, 'gen_ai.response.id': ID })

  it.each<[string, FlatSpan[], string[][]]>([
    [
      'a sum above a call',
      [span('a', '', { attributes: agent(usage(9, 9)) }), span('c', 'a', { attributes: inner })],
      [['425/38']],
    ],
    [
      'a sum above a call, with a step between',
      [
        span('a', '', { attributes: agent(usage(9, 9)) }),
        span('s', 'a', { attributes: { 'gen_ai.operation.name': 'agent_step' } }),
        span('c', 's', { attributes: inner }),
      ],
      [['425/38']],
    ],
    [
      'a sum without a call',
      [
        span('a', '', { attributes: agent({ ...usage(900, 9), 'gen_ai.request.model': 'local' }) }),
        span('t', 'a', { attributes: tool }),
      ],
      [['900/9']],
    ],
    [
      'sums upon a sum',
      [
        span('a', '', { attributes: agent({ ...usage(900, 9), 'gen_ai.request.model': 'local' }) }),
        span('b', 'a', { attributes: agent({ ...usage(900, 9), 'gen_ai.request.model': 'local' }) }),
      ],
      [['900/9']],
    ],
    [
      'a sum alone in its payload, whose calls may come alone too',
      [span('a', '', { attributes: agent(usage(900, 9)) })],
      [[]],
    ],
    [
      'two instrumentations, the outer one without cached tokens',
      [span('a', '', {}), span('o', 'a', { attributes: chat(usage(233, 38)) }), span('i', 'o', { attributes: inner })],
      [['425/38']],
    ],
    [
      'two instrumentations, the inner one without cached tokens',
      [span('a', '', {}), span('o', 'a', { attributes: inner }), span('i', 'o', { attributes: chat(usage(425, 38)) })],
      [['425/38']],
    ],
    [
      'three instrumentations',
      [
        span('o', '', { attributes: chat(usage(425, 38)) }),
        span('m', 'o', { attributes: chat(usage(425, 38)) }),
        span('i', 'm', { attributes: inner }),
      ],
      [['425/38']],
    ],
    [
      'one span around two calls',
      [
        span('o', '', { attributes: chat(usage(30, 3)) }),
        span('c', 'o', { attributes: chat(usage(10, 1)) }),
        span('d', 'o', { at: 20, attributes: chat(usage(20, 2)) }),
      ],
      [['10/1', '20/2']],
    ],
    [
      'a call by a tool that a call started',
      [
        span('o', '', { attributes: chat(usage(10, 1)) }),
        span('t', 'o', { attributes: tool }),
        span('c', 't', { attributes: chat(usage(20, 2)) }),
      ],
      [['10/1', '20/2']],
    ],
    [
      'the same answer in another trace',
      [
        span('a', '', { durationMs: 30 }),
        span('c', 'a', { durationMs: 20, attributes: inner }),
        span('x', '', { traceId: 'u', at: 2, attributes: inner }),
      ],
      [['425/38'], []],
    ],
    [
      'the same id at another time, which is another call',
      [span('c', '', { attributes: inner }), span('x', '', { traceId: 'u', at: 60, attributes: inner })],
      [['425/38'], ['425/38']],
    ],
    [
      'the same id on siblings, which are two calls',
      [span('c', 'a', { attributes: inner }), span('d', 'a', { at: 1, attributes: inner })],
      [['425/38', '425/38']],
    ],
    [
      'an id of few characters in two traces',
      [
        span('c', '', { attributes: { ...inner, 'gen_ai.response.id': 'chatcmpl-742' } }),
        span('x', '', { traceId: 'u', attributes: { ...inner, 'gen_ai.response.id': 'chatcmpl-742' } }),
      ],
      [['425/38'], ['425/38']],
    ],
  ])('%s', (_, spans, calls) => {
    expect(counted(...spans)).toEqual(calls)
  })

  it('leaves an id out that a server repeats, and tells the copy whose it is', () => {
    const siblings = canonicalEvents([
      span('c', 'a', { attributes: inner }),
      span('d', 'a', { at: 1, attributes: inner }),
    ])
    expect(siblings.map((event) => event.response_id)).toEqual([undefined, undefined])
    const nested = canonicalEvents([
      span('o', 'a', { attributes: chat(usage(1, 1)) }),
      span('i', 'o', { attributes: inner }),
    ])
    expect(nested.map((event) => event.attributes?.['agentops.copy_of'])).toEqual(['i', undefined])
    expect(nested.map((event) => event.response_id)).toEqual([undefined, ID])
  })
})

describe('tries and fallbacks', () => {
  const fails = { statusCode: 2, attributes: chat({ 'error.type': '429' }) }
  const asked = (model: string, more: Attributes = {}) => chat({ 'gen_ai.request.model': model, ...more })

  it.each<[string, FlatSpan[], Partial<Run>]>([
    [
      'each failed sibling before it counts',
      [
        span('a', '', {}),
        span('b', 'a', fails),
        span('c', 'a', { at: 20, ...fails }),
        span('d', 'a', { at: 40, attributes: chat() }),
      ],
      { retries: 2 },
    ],
    [
      'calls at the same time are not tries',
      [span('a', '', {}), span('b', 'a', fails), span('c', 'a', { at: 1, attributes: chat() })],
      {},
    ],
    [
      'what the parent tells is told once',
      [
        span('a', '', { events: [{ name: 'retry', timeMs: NOW, attributes: {} }] }),
        span('b', 'a', fails),
        span('c', 'a', { at: 20, attributes: chat() }),
      ],
      { retries: 1 },
    ],
    [
      'another model after a failure',
      [span('a', '', {}), span('b', 'a', fails), span('c', 'a', { at: 20, attributes: asked('other') })],
      { fallbacks: ['local → other'] },
    ],
    [
      'an answer of another model, as of attempts that are merged into one span',
      [span('b', '', { attributes: asked('gpt-4o', { 'gen_ai.response.model': 'gpt-4o-mini-2024-07-18' }) })],
      { fallbacks: ['gpt-4o → gpt-4o-mini-2024-07-18'] },
    ],
    [
      'a date is no other model',
      [span('b', '', { attributes: asked('gpt-4o', { 'gen_ai.response.model': 'gpt-4o-2024-08-06' }) })],
      {},
    ],
    [
      'nor is what an alias means',
      [span('b', '', { attributes: asked('gpt-4-turbo-preview', { 'gen_ai.response.model': 'gpt-4-0125-preview' }) })],
      {},
    ],
    [
      'nor a deployment',
      [span('b', '', { attributes: asked('our-deployment', { 'gen_ai.response.model': 'gpt-4o-2024-08-06' }) })],
      {},
    ],
  ])('%s', (_, spans, expected) => {
    const [run] = runs(...spans)
    const { retries, fallbacks } = run ?? {}
    expect({ retries, fallbacks }).toEqual({ retries: undefined, fallbacks: undefined, ...expected })
  })
})
