import { describe, expect, it } from 'vitest'
import { agentOpsMiddleware } from '../../sdk/src/ai-sdk.ts'
import { observedFetch, type ObserveOptions } from '../../sdk/src/fetch.ts'
import { factsOf, GuardDenied } from '../../sdk/src/index.ts'
import { agentFor, endpoint, eventsOf } from '../support/sdk-endpoint.ts'

const CHAT = 'https://api.openai.com/v1/chat/completions'
const RESPONSES = 'https://api.openai.com/v1/responses'
const MESSAGES = 'https://api.anthropic.com/v1/messages'

const sse = (...events: (object | string)[]) =>
  events.map((event) => `data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`).join('')

const chunk = (delta: object | null, more: object = {}) => ({
  id: 'chatcmpl-1',
  model: 'gpt-4o-2024-08-06',
  choices: delta === null ? [] : [{ index: 0, delta, finish_reason: null, ...more }],
})
const CHAT_USAGE = { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 64 } }
const chatStream = [
  chunk({ role: 'assistant', content: '' }),
  chunk({ content: 'Grüße, ' }),
  chunk({ content: '世界' }),
  chunk({}, { finish_reason: 'stop' }),
]
const usageChunk = { ...chunk(null), usage: CHAT_USAGE }
const messageStream = [
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      model: 'claude-sonnet-4-5',
      usage: { input_tokens: 10, cache_read_input_tokens: 80, cache_creation_input_tokens: 30, output_tokens: 1 },
    },
  },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
  { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 25 } },
  { type: 'message_stop' },
]

/** The text in pieces of so many bytes: neither events nor characters arrive whole. */
function inPieces(text: string, size = 7): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text)
  let at = 0
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, (at += size)))
    },
  })
}

const eventStream = (text: string) =>
  new Response(inPieces(text), { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })

/** Sends one request through the observed fetch; what the provider was sent, what the reader got, and the event. */
async function observed(
  url: string,
  body: object,
  answer: Response | Error,
  options: ObserveOptions = {},
  guard: object[] = [],
) {
  const { url: base, seen } = await endpoint((_n, path) =>
    path === '/v1/events' ? { status: 202 } : { status: 200, body: guard.shift() ?? {} },
  )
  const { agent } = agentFor(base)
  const sent: Record<string, unknown>[] = []
  const beneath = async (_input: unknown, init?: RequestInit) => {
    sent.push(JSON.parse(init?.body as string) as Record<string, unknown>)
    if (answer instanceof Error) throw answer
    return answer
  }
  const fetch = observedFetch(agent, { ...options, fetch: beneath })
  const response = await agent
    .run('r', () =>
      fetch(url, { method: 'POST', body: JSON.stringify(body), headers: { 'x-stainless-retry-count': '2' } }),
    )
    .catch((error: unknown) => error as Error)
  const text = response instanceof Response ? await response.text().catch(String) : response.message
  await agent.flush()
  const call = eventsOf(seen).find(({ provider }) => provider != null)
  return { sent, response, text, call, seen }
}

describe('observedFetch', () => {
  it('asks OpenAI for the usage of a stream and keeps the event for it from the reader', async () => {
    const answer = eventStream(sse(...chatStream, usageChunk, '[DONE]'))
    const { sent, text, call } = await observed(CHAT, { model: 'gpt-4o', stream: true }, answer)
    expect(sent[0]).toEqual({ model: 'gpt-4o', stream: true, stream_options: { include_usage: true } })
    expect(text).toBe(sse(...chatStream, '[DONE]'))
    expect(call).toMatchObject({
      event_type: 'agent.step.completed',
      status: 'ok',
      provider: 'openai',
      model: 'gpt-4o-2024-08-06',
      attempt: 2,
      tokens_prompt: 100,
      tokens_completion: 20,
      tokens_cached: 64,
      attributes: { 'gen_ai.response.id': 'chatcmpl-1' },
    })
    expect(call?.time_to_first_token_ms).toBeGreaterThanOrEqual(0)
  })

  it('leaves a stream alone whose reader asked for the usage, or that is no OpenAI', async () => {
    const asked = { model: 'm', stream: true, stream_options: { include_usage: true } }
    const whole = sse(...chatStream, usageChunk, '[DONE]')
    const { sent, text } = await observed(CHAT, asked, eventStream(whole))
    expect([sent[0], text]).toEqual([asked, whole])
    const other = await observed(CHAT, { model: 'm', stream: true }, eventStream(whole), { provider: 'vllm' })
    expect(other.sent[0]).toEqual({ model: 'm', stream: true })
    expect(other.call).toMatchObject({ provider: 'vllm', tokens_prompt: 100 })
  })

  it('counts the parts of Anthropic together, and reads responses', async () => {
    const anthropic = await observed(MESSAGES, { model: 'claude', stream: true }, eventStream(sse(...messageStream)))
    expect(anthropic.call).toMatchObject({
      provider: 'anthropic',
      model: 'claude-sonnet-4-5',
      tokens_prompt: 120,
      tokens_cached: 80,
      tokens_cache_write: 30,
      tokens_completion: 25,
      attributes: { 'gen_ai.response.id': 'msg_1' },
    })
    const usage = {
      input_tokens: 50,
      output_tokens: 9,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 4 },
    }
    const done = { type: 'response.completed', response: { id: 'resp_1', model: 'o4-mini', usage } }
    const stream = sse({ type: 'response.created', response: { id: 'resp_1', model: 'o4-mini' } }, done)
    const responses = await observed(RESPONSES, { model: 'o4-mini', stream: true }, eventStream(stream))
    expect(responses.call).toMatchObject({ status: 'ok', tokens_prompt: 50, tokens_completion: 9, tokens_reasoning: 4 })
    expect(responses.call).not.toHaveProperty('tokens_cached')
  })

  it.each<[string, Response | Error, object]>([
    [
      'an error of the provider',
      Response.json(
        { error: { type: 'requests', code: 'rate_limit_exceeded', message: 'Slow down' } },
        { status: 429 },
      ),
      { status: 'error', error_type: 'rate_limit_exceeded', error_message: 'Slow down' },
    ],
    ['an answer that is no JSON', new Response('Bad gateway', { status: 502 }), { status: 'error', error_type: '502' }],
    ['no answer', new TypeError('fetch failed'), { status: 'error', error_type: 'TypeError' }],
    ['an abort', new DOMException('stop', 'AbortError'), { status: 'cancelled' }],
    [
      'a stream that is cut',
      eventStream(sse(...chatStream.slice(0, 2))),
      { status: 'error', error_type: 'ConnectionClosed' },
    ],
    [
      'an error within a stream',
      eventStream(sse({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } })),
      { status: 'error', error_type: 'overloaded_error' },
    ],
  ])('reports %s', async (_name, answer, expected) => {
    const { call } = await observed(CHAT, { model: 'gpt-4o', stream: true }, answer)
    expect(call).toMatchObject(expected)
  })

  it('passes what is no call of a model', async () => {
    const answer = Response.json({ data: [] })
    const { call, text, sent } = await observed('https://api.openai.com/v1/files', { purpose: 'x' }, answer)
    expect([call, text, sent.length]).toEqual([undefined, '{"data":[]}', 1])
  })
})

describe('the guard of models', () => {
  const no = {
    decision: 'deny',
    reservation_id: null,
    reason: 'budget_exceeded',
    detail: 'No room.',
    downgrade_to: null,
    error_type: 'budget_exceeded',
  }
  const yes = (tools: string[] | null) => ({
    decision: 'allow',
    reservation_id: 'rsv_1',
    controls: { tools_allowed: tools },
  })
  const tool = (name: string) => ({ type: 'function', function: { name } })
  const guard = ({ model }: { model: string }) => ({ estimate_usd: model === 'gpt-4o' ? '0.10' : '0.01' })

  it('answers a refusal 403 without asking the provider, not to be tried again', async () => {
    const { sent, response, text, call } = await observed(
      CHAT,
      { model: 'gpt-4o' },
      new Error('not asked'),
      { guard },
      [no],
    )
    expect(sent).toEqual([])
    expect((response as Response).status).toBe(403)
    expect((response as Response).headers.get('x-should-retry')).toBe('false')
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'budget_exceeded', message: 'No room.', agentops: no } })
    expect(call).toMatchObject({ status: 'blocked', error_type: 'budget_exceeded' })
  })

  it('takes the model that is offered, and only tools that are allowed', async () => {
    const body = { model: 'gpt-4o', tools: [tool('rm'), tool('search')], tool_choice: tool('rm') }
    const answer = Response.json({ id: 'c', model: 'gpt-4o-mini', usage: CHAT_USAGE })
    const answers = [{ ...no, downgrade_to: 'gpt-4o-mini' }, yes(['search'])]
    const { sent, call, seen } = await observed(CHAT, body, answer, { guard, downgrade: true }, answers)
    expect(sent).toEqual([{ model: 'gpt-4o-mini', tools: [tool('search')] }])
    expect(call).toMatchObject({ model: 'gpt-4o-mini', reservation_id: 'rsv_1' })
    const asked = seen
      .filter(({ path }) => path === '/v1/guard/reserve')
      .map(({ body }) => JSON.parse(Buffer.from(body, 'base64').toString()) as object)
    expect(asked).toMatchObject([
      { model: 'gpt-4o', estimate_usd: '0.10', workflow_id: 'r' },
      { model: 'gpt-4o-mini', estimate_usd: '0.01' },
    ])
    expect(eventsOf(seen).find(({ event_type }) => event_type === 'agent.fallback.triggered')).toMatchObject({
      fallback_from: 'gpt-4o',
      fallback_to: 'gpt-4o-mini',
    })
  })

  it('holds for the AI SDK: refused before the model, tools left out, streams counted', async () => {
    const answers: object[] = [no, yes(['search']), yes(null)]
    const { url, seen } = await endpoint((_n, path) =>
      path === '/v1/events' ? { status: 202 } : { status: 200, body: answers.shift() ?? {} },
    )
    const { agent } = agentFor(url)
    const usage = { inputTokens: { total: 30, noCache: 20, cacheRead: 10 }, outputTokens: { total: 7, reasoning: 2 } }
    const asked: object[] = []
    const model = {
      provider: 'openai.responses',
      modelId: 'gpt-5',
      async doGenerate(params: object) {
        asked.push(params)
        return { usage, response: { id: 'resp_1', modelId: 'gpt-5-2025' } }
      },
      async doStream() {
        const parts = [
          { type: 'response-metadata', id: 'resp_2', modelId: 'gpt-5-2025' },
          { type: 'text-delta', id: '0', delta: 'Hi' },
          { type: 'finish', usage },
        ]
        return {
          stream: new ReadableStream<unknown>({ start: (c) => (parts.forEach((part) => c.enqueue(part)), c.close()) }),
        }
      },
    }
    const middleware = agentOpsMiddleware(agent, { specificationVersion: 'v4', guard: { estimate_usd: '0.01' } })
    const params = {
      prompt: [],
      tools: [
        { type: 'function', name: 'rm' },
        { type: 'function', name: 'search' },
      ],
    }
    const generate = () => middleware.wrapGenerate({ doGenerate: () => model.doGenerate(params), params, model })
    await expect(generate()).rejects.toBeInstanceOf(GuardDenied)
    expect(asked).toEqual([])
    await generate()
    expect(asked).toEqual([{ prompt: [], tools: [{ type: 'function', name: 'search' }] }])
    const { stream } = await middleware.wrapStream({ doStream: () => model.doStream(), params, model })
    const read: unknown[] = []
    for await (const part of stream) read.push(part)
    expect(read).toHaveLength(3)
    await agent.flush()
    const tokens = { tokens_prompt: 30, tokens_cached: 10, tokens_completion: 7, tokens_reasoning: 2 }
    expect(eventsOf(seen)).toMatchObject([
      { status: 'blocked', provider: 'openai', model: 'gpt-5' },
      { ...tokens, status: 'ok', model: 'gpt-5-2025', attributes: { 'gen_ai.response.id': 'resp_1' } },
      {
        ...tokens,
        attributes: { 'gen_ai.response.id': 'resp_2' },
        time_to_first_token_ms: expect.any(Number) as number,
      },
    ])
  })
})

describe('factsOf', () => {
  it.each<[string, unknown, object]>([
    ['nothing of what is no answer', { id: 'x', model: 'y' }, {}],
    ['nothing of nothing', undefined, {}],
    [
      'a result of the AI SDK',
      {
        usage: { inputTokens: 5, outputTokens: 3, inputTokenDetails: { cacheReadTokens: 2 } },
        response: { id: 'a', modelId: 'm' },
      },
      { model: 'm', responseId: 'a', tokens_prompt: 5, tokens_completion: 3, tokens_cached: 2 },
    ],
    ['an embedding', { model: 'e', usage: { prompt_tokens: 8, total_tokens: 8 } }, { model: 'e', tokens_prompt: 8 }],
    ['what no count is', { usage: { prompt_tokens: '8', completion_tokens: -1 } }, {}],
  ])('reads %s', (_name, answer, facts) => expect(factsOf(answer)).toEqual(facts))
})
