import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

/** What the provider would charge for: counts as its own API tells them, inclusive. */
export interface Billed {
  model: string
  prompt: number
  cached: number
  cacheWrite: number
  completion: number
}

export interface MockProvider {
  /** For one client: its calls are billed under this name. */
  urlOf(client: string): string
  billOf(client: string): Billed[]
  /** Answers so many of the client's next calls with an overload. */
  refuse(client: string, times: number): void
  close(): void
}

interface Ask {
  model: string
  messages?: { role: string; content?: unknown; tool_calls?: unknown[] }[]
  tools?: { name?: string; function?: { name: string } }[]
}

const CACHED = 100
const WRITTEN = 40

/**
 * A provider on the loopback that speaks OpenAI's chat completions and Anthropic's messages: it asks for each tool once, in
 * their order, then answers. Prompts grow with the messages.
 */
export async function mockProvider(): Promise<MockProvider> {
  const bills = new Map<string, Billed[]>()
  const refusals = new Map<string, number>()
  const billOf = (client: string) => {
    const bill = bills.get(client) ?? []
    bills.set(client, bill)
    return bill
  }
  const server = createServer((request, response) => {
    void answer(request, response, billOf, refusals).catch((error: unknown) =>
      response.writeHead(500).end(String(error)),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the provider has no port')
  return {
    urlOf: (client) => `http://127.0.0.1:${address.port}/${client}`,
    billOf,
    refuse: (client, times) => refusals.set(client, times),
    close: () => server.close(),
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  billOf: (client: string) => Billed[],
  refusals: Map<string, number>,
): Promise<void> {
  const [, client = '', ...path] = (request.url ?? '').split('/')
  const ask = (await json(request)) as Ask
  const left = refusals.get(client) ?? 0
  response.setHeader('content-type', 'application/json')
  if (left > 0) {
    refusals.set(client, left - 1)
    const error = { type: 'server_error', message: 'The server had an error while processing your request', code: null }
    response.writeHead(500, { 'x-should-retry': 'false' }).end(JSON.stringify({ type: 'error', error }))
    return
  }
  const isClaude = path.join('/').startsWith('v1/messages')
  const messages = ask.messages?.length ?? 0
  const billed: Billed = {
    model: ask.model,
    prompt: 300 + 50 * messages,
    cached: CACHED,
    cacheWrite: isClaude ? WRITTEN : 0,
    completion: 20 + messages,
  }
  billOf(client).push(billed)
  const called = (ask.messages ?? []).filter((message) => message.role === 'assistant').length
  const tool = ask.tools?.[called]
  const name = tool?.function?.name ?? tool?.name
  response.end(JSON.stringify(isClaude ? claudeAnswer(billed, name) : chatAnswer(billed, name)))
}

const idOf = (prefix: string) => `${prefix}${randomBytes(12).toString('hex')}`
const ARGUMENTS = { order: 'A-1' }

function chatAnswer({ model, prompt, cached, completion }: Billed, tool: string | undefined): object {
  const calls = tool && [
    { id: idOf('call_'), type: 'function', function: { name: tool, arguments: JSON.stringify(ARGUMENTS) } },
  ]
  return {
    id: idOf('chatcmpl-'),
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model,
    choices: [
      {
        index: 0,
        finish_reason: calls ? 'tool_calls' : 'stop',
        message: { role: 'assistant', content: calls ? null : 'Done.', ...(calls && { tool_calls: calls }) },
      },
    ],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      prompt_tokens_details: { cached_tokens: cached },
      completion_tokens_details: { reasoning_tokens: 0 },
    },
  }
}

/** Anthropic counts what is cached beside the input. */
function claudeAnswer({ model, prompt, cached, cacheWrite, completion }: Billed, tool: string | undefined): object {
  const use = { type: 'tool_use', id: idOf('toolu_'), name: tool, input: ARGUMENTS }
  return {
    id: idOf('msg_'),
    type: 'message',
    role: 'assistant',
    model,
    content: tool ? [use] : [{ type: 'text', text: 'Done.' }],
    stop_reason: tool ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage: {
      input_tokens: prompt - cached - cacheWrite,
      cache_read_input_tokens: cached,
      cache_creation_input_tokens: cacheWrite,
      output_tokens: completion,
    },
  }
}
