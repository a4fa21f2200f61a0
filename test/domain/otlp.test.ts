import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { canonicalise } from '../../workers/domain/canonical.ts'
import { flattenTraces } from '../../workers/domain/otlp/json.ts'
import { eventsOfSpans } from '../../workers/domain/otlp/mapper.ts'
import { decodeTraces } from '../../workers/domain/otlp/protobuf.ts'
import { OtlpDecodeError, type FlatSpan } from '../../workers/domain/otlp/span.ts'
import { decodeRequest, encodeRequest } from '../support/otlp-oracle.ts'

const fixture = (name: string) => gunzipSync(readFileSync(new URL(`../fixtures/otlp/${name}.gz`, import.meta.url)))

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'))
const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3 },
    fc.record({ stringValue: fc.string({ unit: 'grapheme', maxLength: 40 }) }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.maxSafeInteger().map(String) }),
    fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: tie('anyValue') }), { maxLength: 3 }),
      }),
    }),
  ),
}))
const attributes = fc.array(fc.record({ key: fc.string({ minLength: 1, maxLength: 30 }), value: anyValue }), {
  maxLength: 6,
})
const nanos = fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String)
const span = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: fc.oneof(fc.constant(''), hex(8)),
  name: fc.string({ maxLength: 40 }),
  kind: fc.nat(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  events: fc.array(fc.record({ name: fc.string(), timeUnixNano: nanos, attributes }), { maxLength: 2 }),
  status: fc.record({ code: fc.nat(2), message: fc.string() }),
})
const request = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeSpans: fc.array(
        fc.record({ scope: fc.record({ name: fc.string() }), spans: fc.array(span, { maxLength: 3 }) }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
})

describe('OTLP decoding', () => {
  it.each(['otel-js.pb', 'anthropic-sdk.pb'])('%s: equals protobufjs on a recorded body', (name) => {
    const bytes = fixture(name)
    const spans = decodeTraces(bytes)
    expect(spans.length).toBeGreaterThan(10)
    expect(spans).toEqual(flattenTraces(decodeRequest(bytes)))
  })

  it('reads what protobufjs wrote as it reads the same request in JSON', () => {
    fc.assert(
      fc.property(request, (json) => {
        expect(decodeTraces(encodeRequest(json))).toEqual(flattenTraces(JSON.parse(JSON.stringify(json))))
      }),
      { numRuns: 500 },
    )
  })

  it('answers any bytes with spans or a decode error, never with another error or a hang', () => {
    const recorded = fixture('otel-js.pb')
    const cut = fc
      .tuple(fc.nat(recorded.length), fc.array(fc.tuple(fc.nat(recorded.length - 1), fc.nat(255)), { maxLength: 20 }))
      .map(([length, changes]) => {
        const bytes = Uint8Array.from(recorded)
        for (const [at, value] of changes) bytes[at] = value
        return bytes.subarray(0, length)
      })
    fc.assert(
      fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          decodeTraces(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpDecodeError)
        }
      }),
      { numRuns: 10_000 },
    )
  })

  it('reads values nested beyond reason as null, and keeps the span', () => {
    let value: unknown = { stringValue: 'x' }
    for (let i = 0; i < 12; i++) value = { arrayValue: { values: [value] } }
    const json = {
      resourceSpans: [
        {
          scopeSpans: [
            { spans: [{ traceId: '0'.repeat(32), spanId: '0'.repeat(16), attributes: [{ key: 'a', value }] }] },
          ],
        },
      ],
    }
    const spans = decodeTraces(encodeRequest(json))
    expect(JSON.stringify(spans[0]?.attributes)).toBe('{"a":[[[[[[[[[null]]]]]]]]]}')
    expect(spans).toEqual(flattenTraces(json))
  })

  it('takes base64 ids, null values and 64-bit integers as numbers in JSON', () => {
    const json = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, 7).toString('base64'),
                  spanId: 'ab'.repeat(8),
                  startTimeUnixNano: 1e18,
                  endTimeUnixNano: '1000000001500000000',
                  attributes: [
                    { key: 'n', value: {} },
                    { key: 'i', value: { intValue: 5 } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }
    expect(flattenTraces(json)[0]).toMatchObject({
      traceId: '07'.repeat(16),
      endMs: 1_000_000_001_500,
      durationMs: 1500,
      attributes: { n: null, i: 5 },
    })
  })
})

const NOW = 1_795_000_000_000
function make(fields: Partial<FlatSpan>): FlatSpan {
  return {
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    parentSpanId: 'c'.repeat(16),
    name: 'span',
    endMs: NOW,
    durationMs: 250,
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
    resource: {},
    scope: 'test',
    ...fields,
  }
}
const chat = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'openai',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 450,
  'gen_ai.usage.output_tokens': 39,
  'gen_ai.usage.cache_read.input_tokens': 128,
}

describe('mapping spans to events', () => {
  it.each([
    ['an LLM call', { attributes: chat }, ['agent.step.completed']],
    [
      'an LLM call without a parent',
      { attributes: chat, parentSpanId: '' },
      ['agent.step.completed', 'agent.request.completed'],
    ],
    [
      'a tool',
      { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' } },
      ['agent.tool.called'],
    ],
    [
      'a failed tool',
      { attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' }, statusCode: 2 },
      ['agent.tool.failed'],
    ],
    [
      'a root agent',
      { attributes: { 'gen_ai.operation.name': 'invoke_agent' }, parentSpanId: '' },
      ['agent.request.completed'],
    ],
    ['a nested agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent' } }, ['agent.step.completed']],
    ['an HTTP span', {}, ['agent.step.completed']],
    [
      'a resent call',
      { attributes: { ...chat, 'http.request.resend_count': 2 } },
      ['agent.step.completed', 'agent.retry'],
    ],
    [
      'a fallback',
      { attributes: chat, events: [{ name: 'fallback', attributes: { 'from.model': 'a', 'to.model': 'b' } }] },
      ['agent.step.completed', 'agent.fallback.triggered'],
    ],
    [
      'an OpenInference LLM',
      { attributes: { 'openinference.span.kind': 'LLM', 'llm.model_name': 'gpt-4o', 'llm.token_count.prompt': 5 } },
      ['agent.step.completed'],
    ],
    [
      'a Vercel AI call',
      {
        attributes: {
          'ai.operationId': 'ai.generateText.doGenerate',
          'ai.model.id': 'gpt-4o',
          'ai.usage.inputTokens': 5,
        },
      },
      ['agent.step.completed'],
    ],
  ])('%s', (_, fields, types) => {
    expect(eventsOfSpans([make(fields as Partial<FlatSpan>)], false)[0]?.map((e) => e.event_type)).toEqual(types)
  })

  it('counts tokens once: of a call, not of the agent above it', () => {
    const usage = {
      'gen_ai.usage.input_tokens': 450,
      'gen_ai.usage.output_tokens': 39,
      'gen_ai.request.model': 'gpt-4o',
    }
    const agent = make({
      spanId: 'c'.repeat(16),
      parentSpanId: '',
      attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support', ...usage },
    })
    const [rolled, call] = eventsOfSpans([agent, make({ attributes: chat })], false)
    expect(rolled?.[0]).not.toHaveProperty('tokens_prompt')
    expect(rolled?.[0]).not.toHaveProperty('model')
    expect(call?.[0]).toMatchObject({
      tokens_prompt: 450,
      tokens_cached: 128,
      tokens_completion: 39,
      model: 'gpt-4o',
      provider: 'openai',
      agent_id: 'support',
    })
  })

  it.each([
    [
      'old names',
      {
        'gen_ai.system': 'openai.chat',
        'gen_ai.usage.prompt_tokens': '450',
        'gen_ai.usage.completion_tokens': 39,
        'gen_ai.response.model': 'gpt-4o-2024',
      },
      { provider: 'openai', tokens_prompt: 450, model: 'gpt-4o-2024' },
    ],
    [
      'cache_creation',
      { ...chat, 'gen_ai.usage.cache_creation.input_tokens': 64 },
      { tokens_cache_write: 64, tokens_prompt: 450 },
    ],
    ['a well-known dotted provider', { ...chat, 'gen_ai.provider.name': 'aws.bedrock' }, { provider: 'aws.bedrock' }],
    ['a reported cost', { ...chat, 'gen_ai.usage.cost': 0.0123 }, { cost_usd: 0.0123 }],
  ])('reads %s', (_, attributes, expected) => {
    expect(
      eventsOfSpans([make({ attributes: { 'gen_ai.operation.name': 'chat', ...attributes } })], false)[0]?.[0],
    ).toMatchObject(expected)
  })

  it('adds cached tokens to an emitter that leaves them out', () => {
    const attributes = {
      ...chat,
      'gen_ai.usage.input_tokens': 233,
      'gen_ai.usage.cache_creation_input_tokens': 64,
      'gen_ai.usage.cache_read_input_tokens': 128,
    }
    const scope = '@traceloop/instrumentation-anthropic'
    expect(eventsOfSpans([make({ attributes, scope })], false)[0]?.[0]).toMatchObject({
      tokens_prompt: 425,
      tokens_cached: 128,
      tokens_cache_write: 64,
    })
  })

  it.each([
    ['status code', { statusCode: 2, statusMessage: 'boom' }, 'unknown'],
    [
      'an exception under an ok status',
      { statusCode: 1, events: [{ name: 'exception', attributes: { 'exception.type': 'RateLimitError' } }] },
      'RateLimitError',
    ],
    ['error.type', { attributes: { 'error.type': '429' } }, '429'],
    [
      'HTTP status beside an error',
      { statusCode: 2, attributes: { 'error.type': '_OTHER', 'http.response.status_code': 503 } },
      '503',
    ],
  ])('takes an error from %s', (_, fields, type) => {
    expect(eventsOfSpans([make(fields as Partial<FlatSpan>)], false)[0]?.[0]).toMatchObject({
      status: 'error',
      error_type: type,
    })
  })

  it('drops content unless it is kept', () => {
    const attributes = {
      ...chat,
      'gen_ai.input.messages': 'secret words',
      'input.value': 'secret words',
      'gen_ai.prompt.0.content': 'secret words',
      'ai.prompt.messages': 'secret words',
      custom: 'stays',
    }
    expect(JSON.stringify(eventsOfSpans([make({ attributes })], false))).not.toContain('secret')
    expect(JSON.stringify(eventsOfSpans([make({ attributes })], false))).toContain('stays')
    expect(eventsOfSpans([make({ attributes })], true)[0]?.[0]).toMatchObject({ input: 'secret words' })
  })

  it.each(['otel-js.json', 'otel-js.pb', 'anthropic-sdk.pb'])('%s: every span becomes valid events', (name) => {
    const bytes = fixture(name)
    const spans = name.endsWith('.pb') ? decodeTraces(bytes) : flattenTraces(JSON.parse(bytes.toString()))
    const context = {
      tenant: { org_id: 'o', workspace_id: 'w', project_id: 'p' },
      keepContent: false,
      nowMs: spans[0]?.endMs ?? 0,
      sha256: sha256Hex,
    }
    const outcomes = eventsOfSpans(spans, false)
      .flat()
      .map((event) => canonicalise(JSON.parse(JSON.stringify(event)), context))
    expect(outcomes.filter((o) => !o.ok)).toEqual([])
    expect(outcomes.some((o) => o.ok && o.event.model !== undefined && (o.event.tokens_prompt ?? 0) > 0)).toBe(true)
  })
})
