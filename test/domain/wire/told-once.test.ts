import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { fromHelicone } from '../../../workers/domain/wire/helicone.ts'
import { fromLiteLlm } from '../../../workers/domain/wire/litellm.ts'
import { fromPostHog } from '../../../workers/domain/wire/posthog.ts'
import { spansOfEnvelope } from '../../../workers/domain/wire/sentry.ts'
import { judgeSpans } from '../../../workers/edge/traces.ts'
import { contextOfTests, recording, Replay, tracesOf } from '../../support/wire-recordings.ts'

const LOOP = { calls: 3, tokens: [1500, 123, 384, 0], tools: ['lookup_order ok', 'issue_refund tool_timeout'] }
const GPT = 'gpt-4o-2024-08-06'
const MINI = 'gpt-4o-mini-2024-07-18'

describe('PostHog', () => {
  it('tells each call once, its tools by what the model asked for, and its failures', () => {
    const replay = new Replay('posthog')
    for (const { body } of recording('posthog-ai/batch'))
      replay.send(fromPostHog((JSON.parse(body) as { batch: unknown[] }).batch, 0))
    const whole = { name: 'order_flow', agents: ['order-support'], users: ['user-77'], sessions: ['sess-2026-11-23-a'] }
    const traces = tracesOf(replay.events)
    expect([traces.length, replay.refused]).toEqual([2, []])
    expect(traces[0]).toMatchObject({
      ...LOOP,
      requests: ['ok'],
      models: ['gpt-4o'],
      failed_calls: [],
      open: 0,
      doubled: 0,
    })
    expect(traces[1]).toMatchObject({
      ...LOOP,
      calls: 4,
      models: ['gpt-4o', 'gpt-4o-mini'],
      failed_calls: ['dependency_unavailable'],
      fallbacks: ['gpt-4o > gpt-4o-mini'],
      open: 0,
      doubled: 0,
    })
    for (const trace of traces)
      expect(trace).toMatchObject({ users: whole.users, sessions: whole.sessions, agents: whole.agents })
    const [first] = replay.events
    expect([first?.response_id?.slice(0, 9), first?.provider, first?.latency_ms]).toEqual(['chatcmpl-', 'openai', 124])
  })

  it('counts what Anthropic leaves out of its sums', () => {
    const properties = {
      $ai_trace_id: 't',
      $ai_provider: 'anthropic',
      $ai_model: 'claude-sonnet-4-5',
      $ai_input_tokens: 233,
      $ai_output_tokens: 40,
      $ai_cache_read_input_tokens: 128,
      $ai_cache_creation_input_tokens: 64,
      $ai_cache_reporting_exclusive: true,
      $ai_latency: 1,
    }
    const event = { event: '$ai_generation', uuid: 'u', timestamp: '2026-11-28T12:00:00Z', properties }
    const other = { event: '$pageview', properties: {} }
    const [call] = new Replay('posthog').send(fromPostHog([event, other], 0))
    expect(call).toMatchObject({
      tokens_prompt: 425,
      tokens_cached: 128,
      tokens_cache_write: 64,
      tokens_completion: 40,
    })
  })
})

describe('Sentry', () => {
  it('tells spans of agents, and nothing of other spans, errors and sessions', () => {
    const events: CanonicalEvent[] = recording('sentry/envelopes').flatMap(({ body }) => {
      const judged = judgeSpans(spansOfEnvelope(body) ?? [], contextOfTests())
      expect(judged.rejected).toEqual([])
      return judged.events
    })
    const traces = tracesOf(events)
    const own = { agents: ['order-support'], users: ['user-77'], sessions: ['sess-2026-11-23-a'], requests: ['ok'] }
    expect(traces).toHaveLength(2)
    expect(traces[0]).toMatchObject({ ...own, calls: 3, models: [GPT], tokens: [1500, 123, 384, 0], failed_calls: [] })
    expect(traces[1]).toMatchObject({
      ...own,
      calls: 4,
      models: ['gpt-4o', MINI],
      tokens: [1500, 123, 384, 0],
      failed_calls: ['dependency_unavailable'],
      fallbacks: ['gpt-4o > gpt-4o-mini'],
    })
    for (const { tools, orphans } of traces) {
      expect(tools.map((tool) => tool.split(' ')[0]).sort()).toEqual(['issue_refund', 'lookup_order'])
      expect(orphans).toBe(0)
    }
    expect(new Set(events.map(({ environment }) => environment))).toEqual(new Set(['production']))
  })

  it('takes the transactions of older clients, and no other text', () => {
    const trace_id = 'a'.repeat(32)
    const root = { trace_id, span_id: 'b'.repeat(16), op: 'gen_ai.invoke_agent', status: 'ok', data: {} }
    const call = {
      ...{ trace_id, parent_span_id: 'b'.repeat(16), span_id: 'c'.repeat(16), op: 'gen_ai.chat', description: 'chat' },
      ...{ start_timestamp: 1795892775.5, timestamp: 1795892776.25, status: 'internal_error' },
      data: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 450 },
    }
    const transaction = {
      ...{ type: 'transaction', transaction: 'flow', environment: 'staging', user: { id: 'u-1' } },
      ...{ start_timestamp: 1795892775, timestamp: 1795892777, contexts: { trace: root }, spans: [call, null, 7] },
    }
    const text = [
      '{"event_id":"x"}',
      '{"type":"transaction"}',
      JSON.stringify(transaction),
      '{"type":"event"}',
      '{}',
      '',
    ].join('\n')
    const { events } = judgeSpans(spansOfEnvelope(text) ?? [], contextOfTests())
    expect(events.map((e) => [e.event_type, e.status, e.latency_ms, e.environment, e.user_id])).toEqual([
      ['agent.request.completed', 'ok', 2000, 'staging', 'u-1'],
      ['agent.step.completed', 'error', 750, 'staging', 'u-1'],
    ])
    for (const bad of ['', 'x', '7', '{}\nx', '{}\n[]\n{}']) expect(spansOfEnvelope(bad)).toBeNull()
    expect(spansOfEnvelope('{}\n{"type":"span"}\n{"items":[null,{"attributes":7}]}')).toEqual([])
  })
})

describe("Helicone's manual logger", () => {
  it('tells one call or tool a log, in the trace of its session', () => {
    const replay = new Replay('helicone')
    for (const { body, headers } of recording('helicone/logs'))
      replay.send(fromHelicone(JSON.parse(body), headers, createHash('sha256').update(body).digest('hex').slice(0, 32)))
    expect(replay.refused).toEqual([])
    expect(tracesOf(replay.events)).toMatchObject([
      {
        users: ['user-77'],
        sessions: ['sess-2026-11-23-a'],
        calls: 3,
        models: ['gpt-4o', GPT],
        tokens: [435, 43, 128, 0],
        failed_calls: ['dependency_unavailable'],
        tools: ['lookup_order ok'],
      },
    ])
    expect(fromHelicone({}, {}, 'x').unreadable).toMatchObject([{ pointer: '/timing/endTime' }])
  })
})

describe("LiteLLM's generic_api", () => {
  /** As LiteLLM documents its StandardLoggingPayload. */
  const payload = (id: string, more: Record<string, unknown> = {}) => ({
    id,
    trace_id: 'run-1',
    call_type: 'acompletion',
    status: 'success',
    response_cost: 0.00123,
    custom_llm_provider: 'openai',
    model: 'openai/gpt-4o',
    startTime: 1795892775.5,
    endTime: 1795892776.5,
    completionStartTime: 1795892776,
    stream: true,
    prompt_tokens: 450,
    completion_tokens: 39,
    total_tokens: 489,
    end_user: 'u-1',
    request_tags: ['prod'],
    metadata: {
      user_api_key_alias: 'support-bot',
      user_api_key_team_id: 'team-1',
      requester_metadata: { session_id: 's-1' },
      usage_object: {
        prompt_tokens: 450,
        completion_tokens: 39,
        total_tokens: 489,
        prompt_tokens_details: { cached_tokens: 128 },
      },
    },
    response: { id: 'chatcmpl-1234567890abcdef1234', model: 'gpt-4o-2024-08-06' },
    ...more,
  })

  it('tells calls with the cost that LiteLLM knows, failures, and what its cache answered', () => {
    const replay = new Replay('litellm')
    const failed = {
      ...{
        status: 'failure',
        response_cost: 0,
        response: null,
        prompt_tokens: 0,
        completion_tokens: 0,
        total_tokens: 0,
      },
      ...{ startTime: 1795892770, endTime: 1795892771, metadata: { user_api_key_alias: 'support-bot' } },
      error_information: {
        error_code: '429',
        error_class: 'RateLimitError',
        error_message: 'Rate limit reached for org-5',
      },
    }
    replay.send(
      fromLiteLlm([
        payload('a', failed),
        payload('b'),
        payload('c', { cache_hit: true, response_cost: 0, startTime: 1795892777, endTime: 1795892777.1 }),
      ]),
    )
    expect(tracesOf(replay.events)).toMatchObject([
      {
        agents: ['support-bot'],
        users: ['u-1'],
        sessions: ['s-1'],
        requests: ['ok'],
        calls: 3,
        tokens: [450, 39, 128, 0],
        failed_calls: ['rate_limit'],
        retries: 1,
        doubled: 0,
      },
    ])
    const call = replay.events.find(({ event_id }) => event_id === 'litellm/b/ended')
    expect(call).toMatchObject({ cost_nanousd: 1_230_000, model: GPT, latency_ms: 1000, time_to_first_token_ms: 500 })
    expect(call?.attributes).toMatchObject({ 'litellm.user_api_key_team_id': 'team-1', tags: ['prod'] })
    expect(JSON.stringify(replay.events)).not.toContain('org-5')
  })

  it('says what a payload lacks', () => {
    const { unreadable } = fromLiteLlm([{}, { id: 'a' }, null])
    expect(unreadable.map(({ index, pointer }) => [index, pointer])).toEqual([
      [0, '/id'],
      [1, '/endTime'],
      [2, '/id'],
    ])
  })
})
