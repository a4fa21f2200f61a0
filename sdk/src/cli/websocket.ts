import { Buffer } from 'node:buffer'
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

function socketOn(stream: Duplex, head: Buffer): Socket {
  const write = (opcode: number, payload: Buffer) => {
    if (!stream.destroyed) stream.write(frameOf(opcode, payload))
  }
  return {
    messages: messagesOf(stream, head, write),
    send: (text) => write(TEXT, Buffer.from(text)),
    close() {
      write(CLOSE, Buffer.from([0x03, 0xe8]))
      stream.destroy()
    },
  }
}

async function* messagesOf(
  stream: Duplex,
  head: Buffer,
  write: (opcode: number, payload: Buffer) => void,
): AsyncGenerator<string> {
  let buffer = head
  let message: Buffer[] = []
  const frames = function* (): Generator<Frame> {
    for (let frame = readFrame(buffer); frame !== null; frame = readFrame(buffer)) {
      buffer = buffer.subarray(frame.length)
      yield frame
    }
  }
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  for (;;) {
    for (const { opcode, payload, isLast } of frames()) {
      if (opcode === PING) write(PONG, payload)
      else if (opcode === CLOSE) return
      else if (opcode !== PONG) {
        message.push(payload)
        if (!isLast) continue
        yield Buffer.concat(message).toString('utf8')
        message = []
      }
    }
    const next: IteratorResult<Buffer, unknown> = await chunks.next().catch(() => ({ done: true, value: undefined }))
    if (next.done === true) return
    buffer = Buffer.concat([buffer, next.value])
  }
}

interface Frame {
  opcode: number
  payload: Buffer
  isLast: boolean
  /** With its header, in bytes. */
  length: number
}

/** The first frame of what has come; null while it is not whole. Servers do not mask. */
function readFrame(buffer: Buffer): Frame | null {
  if (buffer.length < 2) return null
  const short = buffer.readUInt8(1) & 0x7f
  const header = short === 126 ? 4 : short === 127 ? 10 : 2
  if (buffer.length < header) return null
  const size = short === 126 ? buffer.readUInt16BE(2) : short === 127 ? Number(buffer.readBigUInt64BE(2)) : short
  if (size > MESSAGE_BYTES_MAX) throw new CliError('The live feed sent a message that is too long.')
  if (buffer.length < header + size) return null
  const first = buffer.readUInt8(0)
  const payload = buffer.subarray(header, header + size)
  return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload, length: header + size }
}

/** Clients mask what they send. */
function frameOf(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4)
  const length = payload.length < 126 ? Buffer.from([0x80 | payload.length]) : Buffer.alloc(3)
  if (length.length === 3) {
    length.writeUInt8(0x80 | 126, 0)
    length.writeUInt16BE(payload.length, 1)
  }
  const masked = Uint8Array.from(payload, (byte, i) => byte ^ (mask[i % 4] ?? 0))
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, masked])
}
