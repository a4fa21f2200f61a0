import { AppError } from '../domain/errors.ts'
import { OtlpDecodeError } from '../domain/otlp/span.ts'
import { asText } from './body.ts'
import { mediaType, type ParsedBatch } from './events.ts'

export type OtlpEncoding = 'json' | 'protobuf'

export interface ParsedOtlp extends ParsedBatch {
  /** Items of which some part was refused. */
  refused: number
}

export function encodingOf(contentType: string): OtlpEncoding {
  const media = mediaType(contentType)
  if (media === 'application/x-protobuf') return 'protobuf'
  if (media === 'application/json') return 'json'
  throw new AppError('unsupported_media_type', 'OTLP/HTTP is application/x-protobuf or application/json.')
}

/** The items of an export request. @throws AppError unreadable. */
export function readOtlp<T>(
  signal: 'trace' | 'logs' | 'metrics',
  body: Uint8Array,
  encoding: OtlpEncoding,
  decode: (bytes: Uint8Array) => T[],
  flatten: (parsed: unknown) => T[],
): T[] {
  try {
    return encoding === 'protobuf' ? decode(body) : flatten(JSON.parse(asText(body)))
  } catch (error) {
    if (error instanceof OtlpDecodeError)
      throw new AppError('unreadable', `Not an OTLP ${signal} export request: ${error.message}.`)
    if (error instanceof SyntaxError) throw new AppError('unreadable', 'The body is not JSON.')
    throw error
  }
}

/** What each signal calls an item, in its answer's JSON and to people. */
const ITEMS = {
  traces: ['rejectedSpans', 'span'],
  logs: ['rejectedLogRecords', 'log record'],
  metrics: ['rejectedDataPoints', 'data point'],
} as const
export type Signal = keyof typeof ITEMS

/**
 * Export…ServiceResponse in the request's encoding, with `partial_success` when items were refused. What was taken but
 * tells nothing that becomes an event is counted in `x-left-out`.
 */
export function answerOtlp(
  signal: Signal,
  encoding: OtlpEncoding,
  { refused, rejected }: Pick<ParsedOtlp, 'refused' | 'rejected'>,
  { receiptId = null, leftOut = 0 }: { receiptId?: string | null; leftOut?: number },
): Response {
  const [field, item] = ITEMS[signal]
  const [first] = rejected
  const message = first ? `${item} ${first.index}: ${first.pointer} ${first.detail}`.slice(0, 500) : ''
  const headers: Record<string, string> = {}
  if (receiptId !== null) headers['x-receipt-id'] = receiptId
  if (leftOut > 0) headers['x-left-out'] = String(leftOut)
  // OTLP wants 200 for success and for partial success (OTLP specification, "Full Success").
  if (encoding === 'json') {
    const body = refused === 0 ? {} : { partialSuccess: { [field]: String(refused), errorMessage: message } }
    return Response.json(body, { status: 200, headers })
  }
  const body = refused === 0 ? new Uint8Array(0) : partialSuccess(refused, message)
  return new Response(body, { status: 200, headers: { 'content-type': 'application/x-protobuf', ...headers } })
}

/** The same numbers in each signal: 1 how many, 2 why. */
function partialSuccess(refused: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message)
  const inner = [0x08, ...varint(refused), 0x12, ...varint(text.length), ...text]
  return new Uint8Array([0x0a, ...varint(inner.length), ...inner])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest & 127) | 128)
    rest = Math.floor(rest / 128)
  }
  return [...bytes, rest]
}
