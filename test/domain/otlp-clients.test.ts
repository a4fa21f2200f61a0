import { describe, expect, it } from 'vitest'
import { canonicalEvents, runsOf, type Run } from '../support/clients.ts'
import { chat, span, usage, type SpanFields } from '../support/otlp-spans.ts'

const local = { model: 'local', nano: undefined }

describe('clients without a recording here', () => {
  it.each<[string, SpanFields, Partial<Run>]>([
    [
      'Mastra: a failed status beside an ok one, reasoning by another name',
      {
        statusCode: 1,
        attributes: chat({
          ...usage(450, 51),
          'gen_ai.usage.reasoning_tokens': 12,
          'mastra.model_generation.status': 'failed',
          'mastra.metadata.userId': 'u',
        }),
      },
      {
        result: 'unknown',
        user: 'u',
        calls: [{ ...local, prompt: 450, completion: 51, reasoning: 12, error: 'unknown' }],
      },
    ],
    [
      'OpenLLMetry on Anthropic: cached tokens beside the others',
      {
        scope: '@traceloop/instrumentation-anthropic',
        attributes: chat({
          ...usage(233, 38),
          'gen_ai.usage.cache_read_input_tokens': 128,
          'gen_ai.usage.cache_creation_input_tokens': 64,
          'traceloop.association.properties.user_id': 'u',
          'traceloop.workflow.name': 'order-flow',
          'traceloop.entity.version': '3',
        }),
      },
      {
        result: 'ok',
        user: 'u',
        workflow: 'order-flow',
        version: '3',
        calls: [{ ...local, prompt: 425, cached: 128, write: 64, completion: 38 }],
      },
    ],
    [
      'AgentOps: counts as text, and no operation',
      {
        attributes: {
          'gen_ai.request.model': 'local',
          'gen_ai.usage.prompt_tokens': '425',
          'gen_ai.usage.completion_tokens': '38',
          'agent.name': 'support',
        },
      },
      { result: 'ok', agent: 'support', calls: [{ ...local, prompt: 425, completion: 38 }] },
    ],
    [
      'Sentry: every count, and a status of its own',
      {
        attributes: chat({
          ...usage(425, 38),
          'gen_ai.usage.total_tokens': 463,
          'gen_ai.usage.cache_read.input_tokens': 128,
          'gen_ai.usage.cache_creation.input_tokens': 64,
          'gen_ai.function_id': 'support',
          'sentry.status': 'error',
          'sentry.status.message': 'Rate limit reached',
        }),
      },
      {
        result: 'rate_limit',
        agent: 'support',
        calls: [{ ...local, prompt: 425, cached: 128, write: 64, completion: 38, error: 'rate_limit' }],
      },
    ],
  ])('%s', (_, fields, expected) => {
    expect(runsOf(canonicalEvents([span('a', '', fields)]))[0]).toMatchObject(
      JSON.parse(JSON.stringify(expected)) as object,
    )
  })

  it.each([
    ['stop', 'stop'],
    ['STOP', 'stop'],
    ['end_turn', 'stop'],
    ['tool-calls', 'tool_call'],
    ['tool_use', 'tool_call'],
    [['stop', 'tool_calls'], 'tool_call'],
    ['["length"]', 'length'],
    ['MAX_TOKENS', 'length'],
    ['content-filter', 'content_filter'],
    ['SAFETY', 'content_filter'],
    ['error', 'error'],
    ['somehow', 'somehow'],
  ])('names a reason to finish alike: %s → %s', (told, expected) => {
    const [event] = canonicalEvents([span('a', 'b', { attributes: chat({ 'gen_ai.response.finish_reasons': told }) })])
    expect(event?.attributes?.['finish_reason']).toBe(expected)
  })
})
