import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface MockProvider {
  url: string
  /** Of the requests, what models were asked. */
  asked: { path: string; model: string; stream: boolean; tools: number }[]
  /** The next requests are answered with these statuses. */
  failures: number[]
  close(): Promise<void>
}

/** What every answer says it used, as each API counts it: 120 tokens asked, of which 80 cached, and 25 answered. */
const CHAT = {
  prompt_tokens: 120,
  completion_tokens: 25,
  total_tokens: 145,
  prompt_tokens_details: { cached_tokens: 80 },
}
const RESPONSE = {
  input_tokens: 120,
  output_tokens: 25,
  total_tokens: 145,
  input_tokens_details: { cached_tokens: 80 },
  output_tokens_details: { reasoning_tokens: 0 },
}
const MESSAGE = { input_tokens: 40, cache_read_input_tokens: 80, cache_creation_input_tokens: 0, output_tokens: 25 }

/** Answers as OpenAI (chat completions, responses) and Anthropic (messages) do, whole or streamed. */
export async function mockProvider(): Promise<MockProvider> {
  const server = createServer((request, response) => void answer(request, response, provider))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const provider: MockProvider = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    failures: [],
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  }
  return provider
}

async function answer(request: IncomingMessage, response: ServerResponse, provider: MockProvider): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  const {
    model,
    stream = false,
    tools = [],
  } = JSON.parse(Buffer.concat(parts).toString()) as {
    model: string
    stream?: boolean
    tools?: unknown[]
  }
  const path = request.url ?? ''
  provider.asked.push({ path, model, stream, tools: tools.length })
  const failure = provider.failures.shift()
  if (failure !== undefined) {
    response.writeHead(failure, { 'content-type': 'application/json' })
    return void response.end(JSON.stringify({ error: { type: 'server_error', code: null, message: 'Try later' } }))
  }
  const id = `${model}-${provider.asked.length}`
  const { whole, events } = path.endsWith('/messages')
    ? messages(id, model)
    : path.endsWith('/responses')
      ? responses(id, model)
      : chat(id, model)
  response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' })
  if (!stream) return void response.end(JSON.stringify(whole))
  for (const event of events) {
    const type = (event as { type?: string }).type
    response.write(`${type === undefined ? '' : `event: ${type}\n`}data: ${JSON.stringify(event)}\n\n`)
  }
  response.end(path.endsWith('/chat/completions') ? 'data: [DONE]\n\n' : '')
}

function chat(id: string, model: string) {
  const common = { id, model, created: 1, system_fingerprint: null }
  const chunk = (choices: object[], more: object = {}) => ({
    ...common,
    object: 'chat.completion.chunk',
    choices,
    ...more,
  })
  const message = { role: 'assistant', content: 'Hello', refusal: null }
  return {
    whole: {
      ...common,
      object: 'chat.completion',
      choices: [{ index: 0, finish_reason: 'stop', logprobs: null, message }],
      usage: CHAT,
    },
    events: [
      chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
      chunk([{ index: 0, delta: { content: 'Hello' }, finish_reason: null }]),
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
      chunk([], { usage: CHAT }),
    ],
  }
}

function responses(id: string, model: string) {
  const text = { type: 'output_text', text: 'Hello', annotations: [] }
  const item = { id: 'item', type: 'message', role: 'assistant', status: 'completed', content: [text] }
  const common = { id, model, object: 'response', created_at: 1, error: null, incomplete_details: null, output: [item] }
  const whole = { ...common, status: 'completed', usage: RESPONSE }
  const at = { item_id: 'item', output_index: 0, content_index: 0 }
  return {
    whole,
    events: [
      { type: 'response.created', response: { ...common, output: [], status: 'in_progress' } },
      { type: 'response.output_item.added', output_index: 0, item: { ...item, content: [], status: 'in_progress' } },
      { type: 'response.output_text.delta', ...at, delta: 'Hello' },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response: whole },
    ],
  }
}

function messages(id: string, model: string) {
  const common = { id, model, type: 'message', role: 'assistant', stop_reason: null, stop_sequence: null }
  const text = { type: 'text', text: 'Hello' }
  return {
    whole: { ...common, stop_reason: 'end_turn', content: [text], usage: MESSAGE },
    events: [
      { type: 'message_start', message: { ...common, content: [], usage: { ...MESSAGE, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 25 } },
      { type: 'message_stop' },
    ],
  }
}
