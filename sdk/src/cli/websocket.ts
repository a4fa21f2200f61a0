import { createHash, randomBytes } from 'node:crypto'
import { request as http, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as https } from 'node:https'
import type { Duplex } from 'node:stream'
import { detailOf } from './api.ts'
import { CliError } from './failure.ts'

/** A WebSocket with headers of one's own (RFC 6455); Node has none before 22, and that one takes no headers by itself. */
export interface Socket {
  messages: AsyncGenerator<string>
  send(text: string): void
  close(): void
}

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const TEXT = 1
const CLOSE = 8
const PING = 9
const PONG = 10
const MESSAGE_BYTES_MAX = 16_000_000

/** @throws CliError when the server does not take it, with what it says. */
export function connect(url: string, headers: Record<string, string>): Promise<Socket> {
  const key = randomBytes(16).toString('base64')
  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': key,
  }
  const asked: ClientRequest = (url.startsWith('https:') ? https : http)(url, { headers: { ...headers, ...upgrade } })
  return new Promise((resolve, reject) => {
    asked.on('error', (error) => reject(new CliError(`${url} does not answer: ${error.message}`)))
    asked.on('response', (answer) => void refusal(answer).then(reject, reject))
    asked.on('upgrade', (answer, stream, head) => {
      const expected = createHash('sha1')
        .update(key + GUID)
        .digest('base64')
      if (answer.headers['sec-websocket-accept'] === expected) return resolve(socketOn(stream, head))
      stream.destroy()
      reject(new CliError(`${url} does not speak WebSocket.`))
    })
    asked.end()
  })
}

async function refusal(answer: IncomingMessage): Promise<CliError> {
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part as Buffer)
  const detail = await detailOf(new Response(Buffer.concat(parts)))
  return new CliError(`The live feed answered ${answer.statusCode}: ${detail}`)
}

function socketOn(stream: Duplex, head: Uint8Array): Socket {
  const write = (opcode: number, payload: Uint8Array) => {
    if (!stream.destroyed) stream.write(frameOf(opcode, payload))
  }
  return {
    messages: messagesOf(stream, head, write),
    send: (text) => write(TEXT, new TextEncoder().encode(text)),
    close() {
      write(CLOSE, Uint8Array.of(0x03, 0xe8))
      stream.destroy()
    },
  }
}

async function* messagesOf(
  stream: Duplex,
  head: Uint8Array,
  write: (opcode: number, payload: Uint8Array) => void,
): AsyncGenerator<string> {
  let buffer = head
  let message = new Uint8Array()
  const frames = function* (): Generator<Frame> {
    for (let frame = readFrame(buffer); frame !== null; frame = readFrame(buffer)) {
      buffer = buffer.subarray(frame.length)
      yield frame
    }
  }
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>
  for (;;) {
    for (const { opcode, payload, isLast } of frames()) {
      if (opcode === PING) write(PONG, payload)
      else if (opcode === CLOSE) return
      else if (opcode !== PONG) {
        message = joined(message, payload)
        if (!isLast) continue
        yield new TextDecoder().decode(message)
        message = new Uint8Array()
      }
    }
    const next: IteratorResult<Uint8Array, unknown> = await chunks
      .next()
      .catch(() => ({ done: true, value: undefined }))
    if (next.done === true) return
    buffer = joined(buffer, next.value)
  }
}

interface Frame {
  opcode: number
  payload: Uint8Array
  isLast: boolean
  /** With its header, in bytes. */
  length: number
}

/** The first frame of what has come; null while it is not whole. Servers do not mask. */
function readFrame(buffer: Uint8Array): Frame | null {
  if (buffer.length < 2) return null
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  const short = view.getUint8(1) & 0x7f
  const header = short === 126 ? 4 : short === 127 ? 10 : 2
  if (buffer.length < header) return null
  const size = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short
  if (size > MESSAGE_BYTES_MAX) throw new CliError('The live feed sent a message that is too long.')
  if (buffer.length < header + size) return null
  const first = view.getUint8(0)
  const payload = buffer.subarray(header, header + size)
  return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload, length: header + size }
}

/** Clients mask what they send; none of it is longer than 65,535 bytes. */
function frameOf(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload
  const header = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff]
  const mask: number[] = Array.from(randomBytes(4))
  const masked = Array.from(payload, (byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Uint8Array.from([0x80 | opcode, ...header, ...mask, ...masked])
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}
