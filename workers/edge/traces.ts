import type { EventInput } from '../contract/event.ts'
import { canonicalise, rejection, type CanonicalContext } from '../domain/canonical.ts'
import { AppError } from '../domain/errors.ts'
import { flattenTraces } from '../domain/otlp/json.ts'
import { eventsOfSpans } from '../domain/otlp/mapper.ts'
import { decodeTraces } from '../domain/otlp/protobuf.ts'
import { OtlpDecodeError, type FlatSpan } from '../domain/otlp/span.ts'
import { asText } from './body.ts'
import { mediaType, type ParsedBatch } from './events.ts'

export type OtlpEncoding = 'json' | 'protobuf'

export interface ParsedTraces extends ParsedBatch {
  /** Spans of which some part was refused. */
  rejectedSpans: number
}

export function encodingOf(contentType: string): OtlpEncoding {
  const media = mediaType(contentType)
  if (media === 'application/x-protobuf') return 'protobuf'
  if (media === 'application/json') return 'json'
  throw new AppError('unsupported_media_type', 'OTLP/HTTP is application/x-protobuf or application/json.')
}

/** Spans to canonical events; a refused span keeps its neighbours. @throws AppError unreadable. */
export function parseTraces(body: Uint8Array, encoding: OtlpEncoding, context: CanonicalContext): ParsedTraces {
  return judgeSpans(decode(body, encoding), context)
}

/** The events of spans, whoever sent them. */
export function judgeSpans(spans: readonly FlatSpan[], context: CanonicalContext): ParsedTraces {
  const parsed: ParsedTraces = { events: [], rejected: [], rejectedSpans: 0 }
  const groups: EventInput[][] = eventsOfSpans(spans, context.keepContent)
  groups.forEach((group, index) => {
    const outcomes = group.map((input) => canonicalise(input, context))
    const refused = outcomes.find((outcome) => !outcome.ok)
    if (refused && !refused.ok) {
      parsed.rejected.push(rejection(index, refused))
      parsed.rejectedSpans++
      return
    }
    for (const outcome of outcomes) if (outcome.ok) parsed.events.push(outcome.event)
  })
  return parsed
}

function decode(body: Uint8Array, encoding: OtlpEncoding): FlatSpan[] {
  try {
    return encoding === 'protobuf' ? decodeTraces(body) : flattenTraces(JSON.parse(asText(body)))
  } catch (error) {
    if (error instanceof OtlpDecodeError)
      throw new AppError('unreadable', `Not an OTLP trace export request: ${error.message}.`)
    if (error instanceof SyntaxError) throw new AppError('unreadable', 'The body is not JSON.')
    throw error
  }
}

/** ExportTraceServiceResponse in the request's encoding, with `partial_success` when spans were refused. */
export function answerTraces(encoding: OtlpEncoding, parsed: ParsedTraces, receiptId: string | null): Response {
  const first = parsed.rejected[0]
  const message = first ? `span ${first.index}: ${first.pointer} ${first.detail}`.slice(0, 500) : ''
  const headers: Record<string, string> = receiptId === null ? {} : { 'x-receipt-id': receiptId }
  // OTLP wants 200 for success and for partial success (OTLP specification, "Full Success").
  if (encoding === 'json') {
    const body =
      parsed.rejectedSpans === 0
        ? {}
        : { partialSuccess: { rejectedSpans: String(parsed.rejectedSpans), errorMessage: message } }
    return Response.json(body, { status: 200, headers })
  }
  const body = parsed.rejectedSpans === 0 ? new Uint8Array(0) : partialSuccess(parsed.rejectedSpans, message)
  return new Response(body, { status: 200, headers: { 'content-type': 'application/x-protobuf', ...headers } })
}

function partialSuccess(rejectedSpans: number, message: string): Uint8Array {
  const text = new TextEncoder().encode(message)
  const inner = [0x08, ...varint(rejectedSpans), 0x12, ...varint(text.length), ...text]
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
