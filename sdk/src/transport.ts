import type { IngestAnswer } from './contract.ts'
import type { Timers } from './timers.ts'

/** One request's worth of events. The bytes and the key stay the same however often it is sent, so it counts once. */
export interface Batch {
  key: string
  events: number
  body: Uint8Array<ArrayBuffer>
  encoding: 'gzip' | null
  /** Its first request outlives the page that sends it. */
  keepalive?: boolean
}

export interface TransportOptions {
  url: string
  key: string
  fetch: typeof fetch
  timers: Timers
  requestMs: number
  giveUpMs: number
}

export type Delivery =
  | { state: 'accepted'; answer: IngestAnswer }
  | { state: 'refused'; detail: string }
  | { state: 'gave_up'; detail: string }

const RETRY_BASE_MS = 250
const RETRY_CAP_MS = 30_000
const RETRYABLE = new Set([408, 425, 429])

export async function pack(body: Uint8Array<ArrayBuffer>): Promise<Pick<Batch, 'body' | 'encoding'>> {
  if (typeof CompressionStream === 'undefined') return { body, encoding: null }
  const packed = new Response(body).body?.pipeThrough(new CompressionStream('gzip'))
  return { body: new Uint8Array(await new Response(packed).arrayBuffer()), encoding: 'gzip' }
}

/**
 * Sends a batch until the server takes or refuses it, or the time is over. Never throws.
 * @param isOver whether nobody waits for an attempt at this time any more, epoch milliseconds.
 */
export async function deliver(
  options: TransportOptions,
  batch: Batch,
  isOver: (atMs: number) => boolean,
): Promise<Delivery> {
  const untilMs = Date.now() + options.giveUpMs
  let isFirst = true
  for (let attempt = 0; ; attempt++) {
    const answer = await once(options, batch, isFirst)
    isFirst = false
    if (answer.state !== 'again') return answer
    const jitterMs = jitterOf(attempt, Math.random())
    const atMs = Date.now() + answer.retryAfterMs + jitterMs
    if (atMs > untilMs || isOver(atMs)) return { state: 'gave_up', detail: answer.detail }
    const { timers } = options
    const isEarly =
      (answer.retryAfterMs > 0 && (await timers.sleep(answer.retryAfterMs))) || (await timers.backOff(jitterMs))
    // Another batch got through, or the end is near: what was learnt of the server does not count any more.
    if (isEarly) attempt = -1
  }
}

/** "Full jitter" (AWS Architecture Blog, Exponential Backoff And Jitter), beside what the server asks for. */
export function jitterOf(attempt: number, random: number): number {
  return random * Math.min(RETRY_CAP_MS, RETRY_BASE_MS * 2 ** attempt)
}

/** Milliseconds from a `Retry-After` in seconds or as a date; 0 when there is none. */
export function retryAfterOf(header: string | null, nowMs: number): number {
  if (header === null) return 0
  const seconds = Number(header)
  const ms = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - nowMs
  return Number.isFinite(ms) ? Math.max(0, ms) : 0
}

export function requestOf({ key }: Pick<TransportOptions, 'key'>, batch: Batch, keepalive: boolean): RequestInit {
  return {
    method: 'POST',
    ...(keepalive && { keepalive }),
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/x-ndjson',
      'idempotency-key': batch.key,
      ...(batch.encoding && { 'content-encoding': batch.encoding }),
    },
    body: batch.body,
  }
}

type Answer = Exclude<Delivery, { state: 'gave_up' }> | { state: 'again'; detail: string; retryAfterMs: number }

async function once(options: TransportOptions, batch: Batch, isFirst: boolean): Promise<Answer> {
  try {
    const response = await options.fetch(`${options.url}/v1/events`, {
      ...requestOf(options, batch, isFirst && batch.keepalive === true),
      signal: AbortSignal.timeout(options.requestMs),
    })
    const text = await response.text()
    if (response.ok) return { state: 'accepted', answer: JSON.parse(text) as IngestAnswer }
    const detail = `POST /v1/events answered ${response.status}: ${text.slice(0, 300)}`
    if (response.status < 500 && !RETRYABLE.has(response.status)) return { state: 'refused', detail }
    return { state: 'again', detail, retryAfterMs: retryAfterOf(response.headers.get('retry-after'), Date.now()) }
  } catch (error) {
    return { state: 'again', detail: `POST /v1/events failed: ${String(error)}`, retryAfterMs: 0 }
  }
}
