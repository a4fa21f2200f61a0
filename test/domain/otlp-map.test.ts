import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { canonicalise } from '../../workers/domain/canonical.ts'
import { flattenTraces } from '../../workers/domain/otlp/json.ts'
import { eventsOfSpans } from '../../workers/domain/otlp/mapper.ts'
import { decodeTraces } from '../../workers/domain/otlp/protobuf.ts'
import type { FlatSpan } from '../../workers/domain/otlp/span.ts'

const fixture = (name: string) => gunzipSync(readFileSync(join(import.meta.dirname, `../fixtures/otlp/${name}.gz`)))

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
  it('names the host that a tool called, also where its URL is not kept', () => {
    const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search' }
    const called = { ...tool, 'url.full': 'https://me:pw@Search.Example/v1?q=x' }
    const [event] = eventsOfSpans([make({ attributes: called })], false).flat()
    expect(event).toMatchObject({ event_type: 'agent.tool.called', egress_host: 'search.example' })
    expect(JSON.stringify(event)).not.toContain('pw')
    const [step] = eventsOfSpans([make({ attributes: { ...chat, 'server.address': 'api.openai.com' } })], false).flat()
    expect(step?.egress_host).toBeUndefined()
  })

  it('cuts no secret in two', () => {
    const attributes = { note: `${'word '.repeat(203)}AKIAIOSFODNN7EXAMPLE and more` }
    const [event] = eventsOfSpans([make({ attributes })], true).flat()
    expect(event?.attributes?.['note']).toBe(`${'word '.repeat(203)}…`)
  })

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
    [
      'a cache of an hour, in an attribute of its own',
      {
        ...chat,
        'gen_ai.usage.cache_creation.input_tokens': 64,
        'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 40,
        'anthropic.response.service_tier': 'batch',
      },
      { tokens_cache_write: 64, tokens_cache_write_1h: 40, service_tier: 'batch' },
    ],
    [
      'a cache of an hour, deep in what the provider said',
      {
        ...chat,
        'ai.response.providerMetadata':
          '{"anthropic":{"usage":{"service_tier":"standard","cache_creation":{"ephemeral_1h_input_tokens":40}}}}',
      },
      { tokens_cache_write_1h: 40, service_tier: 'standard' },
    ],
    [
      'the tier of the answer before that of the request',
      { ...chat, 'openai.request.service_tier': 'auto', 'openai.response.service_tier': 'flex' },
      { service_tier: 'flex' },
    ],
    [
      'audio',
      { ...chat, 'llm.token_count.prompt_details.audio': 100, 'llm.token_count.completion_details.audio': 7 },
      { tokens_prompt_audio: 100, tokens_completion_audio: 7 },
    ],
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
