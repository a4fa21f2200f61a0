import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

const NAMES = ['lookup_order', 'issue_refund']

/**
 * A provider of models on the loopback that speaks OpenAI's chat completions: it asks for each tool once, in order, and
 * then answers. A prompt of n messages counts 350 + 50 n tokens, 128 of them cached; an answer counts 40.
 */
export async function startProvider(): Promise<{ url: string; stop: () => void }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const { messages } = JSON.parse(Buffer.concat(parts).toString()) as { messages: { role: string }[] }
      const asked = messages.filter(({ role }) => role === 'tool').length
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(answerTo(messages.filter(({ role }) => role !== 'system').length, NAMES[asked])))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server) }
}

function stop(server: Server): void {
  server.closeAllConnections()
  server.close()
}

function answerTo(messages: number, tool: string | undefined) {
  const call = { id: `call_${randomUUID()}`, type: 'function', function: { name: tool, arguments: '{}' } }
  const message = tool === undefined ? { content: 'It was shipped.' } : { content: null, tool_calls: [call] }
  const prompt_tokens = 350 + 50 * messages
  return {
    id: `chatcmpl-${randomUUID()}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: 'gpt-4o-2024-08-06',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', ...message },
        finish_reason: tool === undefined ? 'stop' : 'tool_calls',
      },
    ],
    usage: {
      prompt_tokens,
      completion_tokens: 40,
      total_tokens: prompt_tokens + 40,
      prompt_tokens_details: { cached_tokens: 128 },
    },
  }
}
