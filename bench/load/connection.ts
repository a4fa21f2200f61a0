import { Buffer } from './buffer.ts'
import { connect, type Socket } from 'node:net'

export interface WireAnswer {
  status: number
  body: Buffer
  retryAfterSeconds: number
}

const HEAD_END = '\r\n\r\n'

/**
 * One keep-alive HTTP/1.1 connection with one request under way. The load generator shares the machine with what it
 * measures, so it does no more than write bytes and find the end of the answer.
 */
export class Connection {
  #socket: Socket | undefined
  #received: Buffer = Buffer.alloc(0)
  #settle: { resolve: (answer: WireAnswer) => void; reject: (error: Error) => void } | undefined
  readonly #host: string
  readonly #port: number

  constructor(url: URL) {
    this.#host = url.hostname
    this.#port = Number(url.port)
  }

  /** Sends a whole request (head and body). @throws when the connection breaks before the answer is complete. */
  send(request: Buffer): Promise<WireAnswer> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#open().write(request)
    })
  }

  close(): void {
    this.#socket?.destroy()
    this.#socket = undefined
  }

  #open(): Socket {
    if (this.#socket && !this.#socket.destroyed) return this.#socket
    this.#received = Buffer.alloc(0)
    const socket = connect({ host: this.#host, port: this.#port, noDelay: true })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('error', (error) => this.#fail(socket, error))
    socket.on('close', () => this.#fail(socket, new Error('the connection was closed')))
    this.#socket = socket
    return socket
  }

  #fail(socket: Socket, error: Error): void {
    if (this.#socket !== socket) return
    this.#socket = undefined
    socket.destroy()
    const settle = this.#settle
    this.#settle = undefined
    settle?.reject(error)
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk])
    const answer = parseAnswer(this.#received)
    if (answer === undefined) return
    this.#received = Buffer.alloc(0)
    const settle = this.#settle
    this.#settle = undefined
    settle?.resolve(answer)
  }
}

/** Undefined until the answer is complete. */
function parseAnswer(bytes: Buffer): WireAnswer | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  const start = headEnd + HEAD_END.length
  const body = bodyOf(bytes, start, head)
  if (body === undefined) return undefined
  const retryAfterSeconds = Number(/\r\nretry-after: (\d+)/i.exec(head)?.[1] ?? 0)
  return { status: Number(head.slice(9, 12)), body, retryAfterSeconds }
}

function bodyOf(bytes: Buffer, start: number, head: string): Buffer | undefined {
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) {
    const end = start + Number(length)
    return bytes.length >= end ? bytes.subarray(start, end) : undefined
  }
  if (!/\r\ntransfer-encoding: chunked/i.test(head)) return bytes.subarray(start, start)
  const parts: Buffer[] = []
  for (let at = start; ;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (bytes.length < next) return undefined
    if (size === 0) return Buffer.concat(parts)
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = next
  }
}

/** The head of a POST with a body of this length. */
export function postHead(url: URL, length: number, headers: Record<string, string>): Buffer {
  const lines = Object.entries({ host: url.host, 'content-length': String(length), ...headers })
  return Buffer.from(`POST ${url.pathname} HTTP/1.1\r\n${lines.map(([n, v]) => `${n}: ${v}`).join('\r\n')}${HEAD_END}`)
}
