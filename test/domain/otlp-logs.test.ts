import { describe, expect, it } from 'vitest'
import { shortHash } from '../../workers/adapters/hash.ts'
import type { EventInput } from '../../workers/contract/event.ts'
import type { FlatLog } from '../../workers/domain/otlp/log-record.ts'
import { eventsOfLogs } from '../../workers/domain/otlp/logs.ts'
import { readingsOf } from '../../workers/domain/otlp/metrics.ts'
import type { FlatPoint } from '../../workers/domain/otlp/data-point.ts'

const SESSION = '01a20792-71d2-7992-83b5-b2e12b8404a5'
const GEMINI = { scope: 'gemini-cli', resource: { 'service.name': 'gemini-cli' } }
const log = (eventName: string, attributes: FlatLog['attributes'], more: Partial<FlatLog> = {}): FlatLog => ({
  timeNs: '1795423211646000000',
  timeMs: 1_795_423_211_646,
  traceId: '',
  spanId: '',
  isSampled: false,
  eventName: '',
  body: null,
  attributes: { 'event.name': eventName, ...attributes },
  resource: {},
  scope: 'x',
  ...more,
})
const eventsOf = (...logs: FlatLog[]): EventInput[] => eventsOfLogs(logs, false).groups.flatMap(({ events }) => events)

describe('log records, by hand', () => {
  const usage = {
    'session.id': SESSION,
    prompt_id: `${SESSION}########1`,
    model: 'gemini-2.5-pro',
    duration_ms: 900,
    input_token_count: 450,
    output_token_count: 39,
    cached_content_token_count: 128,
    thoughts_token_count: 12,
    total_token_count: 501,
  }

  it('of Gemini CLI: calls, whose thoughts are beside what they put out, tools and decisions', () => {
    const [call, tool, failed] = eventsOf(
      log('gemini_cli.api_response', usage, GEMINI),
      log('gemini_cli.tool_call', { 'session.id': SESSION, function_name: 'read_file', success: true }, GEMINI),
      log('gemini_cli.api_error', { 'session.id': SESSION, model: 'gemini-2.5-pro', status_code: 429 }, GEMINI),
    )
    expect(call).toMatchObject({
      event_type: 'agent.step.completed',
      agent_id: 'gemini-cli',
      provider: 'gcp.gemini',
      model: 'gemini-2.5-pro',
      session_id: SESSION,
      latency_ms: 900,
      tokens_prompt: 450,
      tokens_cached: 128,
      tokens_completion: 51,
      tokens_reasoning: 12,
    })
    expect(tool).toMatchObject({ event_type: 'agent.tool.called', tool_name: 'read_file' })
    expect(failed).toMatchObject({ event_type: 'agent.step.completed', status: 'error', error_type: '429' })
  })

  it.each([
    ['outside of any span', {}, 1],
    ['in a span that is not exported', { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }, 1],
    ['in a span that is', { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), isSampled: true }, 0],
  ])('gen_ai details %s', (_, place, calls) => {
    const attributes = {
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.provider.name': 'openai',
      'gen_ai.usage.input_tokens': 450,
      'gen_ai.usage.output_tokens': 39,
      'gen_ai.response.id': 'chatcmpl-9fdfc5c3ab51952d540da786',
    }
    const name = 'gen_ai.client.inference.operation.details'
    const events = eventsOf({ ...log('', attributes, place), attributes, eventName: name })
    const paid = events.filter((event) => event.model === 'gpt-4o' && event.tokens_prompt === 450)
    expect(paid).toHaveLength(calls)
    if (calls > 0) expect(paid[0]?.response_id).toBe('chatcmpl-9fdfc5c3ab51952d540da786')
  })

  it.each([
    ['accept', 'allow'],
    ['reject', 'block'],
    ['approved', 'allow'],
    ['denied', 'block'],
  ])('a decision "%s" is %s', (decision, policy_result) => {
    const scope = { scope: 'codex_otel.log_only' }
    expect(
      eventsOf(log('codex.tool_decision', { 'conversation.id': SESSION, tool_name: 'shell', decision }, scope)),
    ).toMatchObject([{ event_type: 'agent.policy.decision', policy_id: 'tool-permission:shell', policy_result }])
  })

  it('leaves out what is in no row, and says how many', () => {
    const { groups, leftOut } = eventsOfLogs([log('kernel.boot', {}), log('constructor', {}), log('', {})], true)
    expect([groups, leftOut]).toEqual([[], 3])
  })
})

describe('data points, by hand', () => {
  const point = (more: Partial<FlatPoint>): FlatPoint => ({
    metric: 'gemini_cli.token.usage',
    kind: 'sum',
    temporality: 'cumulative',
    isMonotonic: true,
    startNs: '1795423211000000000',
    timeNs: '1795423212000000000',
    value: 5,
    count: 0,
    attributes: { 'session.id': SESSION, model: 'gemini-2.5-pro', type: 'input' },
    ...GEMINI,
    ...more,
  })
  const read = (...points: FlatPoint[]) => readingsOf(points, shortHash)

  it('of one session and model are one event, each series apart', () => {
    const { groups } = read(point({}), point({ attributes: { ...point({}).attributes, type: 'thought' } }))
    expect(groups.map(({ account, readings }) => [account, readings.map(({ field }) => field)])).toEqual([
      [`gemini-cli/${SESSION}`, [{ tokens: 'prompt' }, { tokens: 'reasoning' }]],
    ])
    expect(new Set(groups[0]?.readings.map(({ series }) => series)).size).toBe(2)
  })

  it.each<[string, Partial<FlatPoint>]>([
    ['a gauge', { kind: 'gauge', isMonotonic: false }],
    ['a summary', { kind: 'summary', isMonotonic: false }],
    ['a sum that may go down', { isMonotonic: false }],
    ['an unknown temporality', { temporality: 'unspecified' }],
    ['another metric', { metric: 'process.cpu.time' }],
    ['a total', { attributes: { type: 'total' } }],
    ['what an agent counts by the conventions beside its own', { metric: 'gen_ai.client.token.usage' }],
  ])('leave out %s', (_, more) => {
    expect(read(point(more))).toEqual({ groups: [], leftOut: 1 })
  })
})
