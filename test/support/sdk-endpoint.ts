import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { afterEach } from 'vitest'
import { createAgentOps, type AgentEvent, type AgentOpsOptions } from '../../sdk/src/index.ts'

export interface Seen {
  path: string
  key: string | undefined
  body: string
  events: AgentEvent[]
}
export type Answer = { status: number; body?: object; headers?: Record<string, string> } | 'break'

const open: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close()
})

/** A server that answers as it is told, the n-th request from 0, and keeps what it saw. */
export async function endpoint(answer: (n: number, path: string) => Answer = () => ({ status: 202 })) {
  const seen: Seen[] = []
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const wire = Buffer.concat(parts)
      const text = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(wire) : wire).toString()
      const path = request.url ?? ''
      const events =
        path === '/v1/events'
          ? text
              .trim()
              .split('\n')
              .map((line: string) => JSON.parse(line) as AgentEvent)
          : []
      const key = request.headers['idempotency-key'] as string | undefined
      seen.push({ path, key, body: wire.toString('base64'), events })
      const said = answer(seen.length - 1, path)
      if (said === 'break') return void request.socket.destroy()
      response.writeHead(said.status, { 'content-type': 'application/json', ...said.headers })
      response.end(JSON.stringify(said.body ?? { accepted: events.length, rejected: [], receipt_id: null }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push({ close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))) })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

export function agentFor(url: string, more: AgentOpsOptions = {}) {
  const dropped: [number, string][] = []
  const agent = createAgentOps({
    url,
    key: 'ao_test',
    exitMs: 200,
    onDrop: (events, reason) => dropped.push([events, reason]),
    onError: () => {},
    ...more,
  })
  open.push(agent)
  return { agent, dropped }
}

export const eventsOf = (seen: Seen[]) => seen.flatMap(({ events }) => events)
