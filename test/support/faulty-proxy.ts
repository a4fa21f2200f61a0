import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Random } from '../../examples/fleet/random.ts'

export interface FaultyProxy {
  url: string
  requests: number
  /** Of these, requests that were answered with an error, or not at all; also while the server was away. */
  failed: number
  /** Of those that failed, how many the server had taken before the answer was lost. */
  taken: number
  close(): Promise<void>
}

/**
 * Stands before a server and lets this share of requests fail: refused before the server sees them, cut off, or taken
 * by the server and the answer lost, which is what makes a client send a batch twice.
 */
export async function faultyProxy(port: number, share: number, random: Random): Promise<FaultyProxy> {
  const server = createServer((incoming, response) => {
    const parts: Buffer[] = []
    incoming.on('data', (part: Buffer) => parts.push(part))
    incoming.on('end', () => {
      proxy.requests++
      const fault = random.chance(share) ? random.pick(FAULTS) : null
      if (fault !== null) proxy.failed++
      if (fault === 'refused') return void response.writeHead(503, { 'retry-after': '0' }).end('{}')
      if (fault === 'cut off') return void incoming.socket.destroy()
      pass({ port, incoming, response, body: Buffer.concat(parts) }, fault, proxy)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: FaultyProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: 0,
    failed: 0,
    taken: 0,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(() => resolve()))),
  }
  return proxy
}

const FAULTS = ['refused', 'cut off', 'answer lost', 'answer replaced'] as const
type Fault = (typeof FAULTS)[number]

interface Call {
  port: number
  incoming: IncomingMessage
  response: ServerResponse
  body: Buffer
}

function pass({ port, incoming, response, body }: Call, fault: Fault | null, proxy: FaultyProxy): void {
  const { method, url, headers } = incoming
  const away = () => {
    if (fault === null) proxy.failed++
    incoming.socket.destroy()
  }
  const onward = forward({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
    const parts: Buffer[] = []
    answer.on('data', (part: Buffer) => parts.push(part))
    answer.on('error', away)
    answer.on('end', () => {
      if (fault !== null && answer.statusCode === 202) proxy.taken++
      if (fault === 'answer lost') return void incoming.socket.destroy()
      if (fault === 'answer replaced') return void response.writeHead(500).end('{}')
      response.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(parts))
    })
  })
  onward.on('error', away)
  onward.end(body)
}
