import type { IngestAnswer, Rejection } from '../contract/batch.ts'
import type { CanonicalEvent } from '../contract/event.ts'
import type { KeyRecord } from '../contract/tenant.ts'
import { canonicalise, rejection, type CanonicalContext, type Outcome } from '../domain/canonical.ts'
import { AppError } from '../domain/errors.ts'
import { isPlainObject } from '../domain/event-check.ts'
import { canonicaliseOutcome } from '../domain/trace-outcome.ts'
import { asText } from './body.ts'

/** A request may hold this many events. */
export const EVENTS_MAX = 10_000
/** Rejections are listed one by one up to here; the count of accepted ones tells the rest. */
const REJECTIONS_MAX = 1000

const NDJSON = new Set(['application/x-ndjson', 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'])
const JSON_TYPES = new Set(['application/json', 'text/plain', ''])

export interface ParsedBatch {
  events: CanonicalEvent[]
  rejected: Rejection[]
}

/** Reads the events of a body and keeps the good ones. @throws AppError when there is no reading it at all. */
export function parseEvents(body: Uint8Array, contentType: string, context: CanonicalContext): ParsedBatch {
  return parseEach(body, contentType, 'events', (input) => canonicalise(input, context))
}

/** The same for outcomes, each of which becomes an event. */
export function parseOutcomes(body: Uint8Array, contentType: string, context: CanonicalContext): ParsedBatch {
  return parseEach(body, contentType, 'outcomes', (input) => canonicaliseOutcome(input, context))
}

function parseEach(
  body: Uint8Array,
  contentType: string,
  name: 'events' | 'outcomes',
  read: (input: unknown) => Outcome,
): ParsedBatch {
  const media = mediaType(contentType)
  if (!JSON_TYPES.has(media) && !NDJSON.has(media)) {
    throw new AppError(
      'unsupported_media_type',
      `Content-Type "${media.slice(0, 80)}" is not supported: send application/json or application/x-ndjson.`,
    )
  }
  const inputs = NDJSON.has(media) ? fromLines(asText(body)) : fromJson(asText(body), name)
  if (inputs.length > EVENTS_MAX)
    throw new AppError('too_large', `More than ${EVENTS_MAX} ${name} in one request: send smaller batches.`)
  const batch: ParsedBatch = { events: [], rejected: [] }
  inputs.forEach((input, index) => {
    const outcome = input instanceof Unreadable ? input.outcome : read(input)
    if (outcome.ok) batch.events.push(outcome.event)
    else if (batch.rejected.length < REJECTIONS_MAX) batch.rejected.push(rejection(index, outcome))
  })
  return batch
}

export function contextOf(key: KeyRecord, nowMs: number, sha256: (text: string) => string): CanonicalContext {
  return { tenant: key, keepContent: key.keep_content, environment: key.environment, nowMs, sha256 }
}

export function answer(batch: ParsedBatch, receiptId: string | null): IngestAnswer {
  return { accepted: batch.events.length, rejected: batch.rejected, receipt_id: receiptId }
}

export function mediaType(contentType: string): string {
  return (contentType.split(';')[0] ?? '').trim().toLowerCase()
}

/** `{"events":[…]}`, a bare array, or one event; the same for outcomes. */
function fromJson(text: string, name: 'events' | 'outcomes'): unknown[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new AppError('unreadable', `The body is not JSON: ${shortReason(error)}`)
  }
  if (Array.isArray(parsed)) return parsed
  if (!isPlainObject(parsed))
    throw new AppError('unreadable', `The body must be {"${name}":[…]}, an array of ${name}, or one of them.`)
  if (!(name in parsed)) return [parsed]
  const list = parsed[name]
  if (!Array.isArray(list)) throw new AppError('unreadable', `"${name}" must be an array.`)
  return list
}

class Unreadable {
  readonly outcome: { ok: false; code: string; pointer: string; detail: string }
  constructor(detail: string) {
    this.outcome = { ok: false, code: 'unreadable', pointer: '', detail }
  }
}

function fromLines(text: string): unknown[] {
  const inputs: unknown[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '') continue
    try {
      inputs.push(JSON.parse(line))
    } catch (error) {
      inputs.push(new Unreadable(`This line is not JSON: ${shortReason(error)}`))
    }
  }
  return inputs
}

/** V8 quotes the input in its message; only the position is of use, and content must not be echoed. */
function shortReason(error: unknown): string {
  const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')
  return position ? `it breaks at character ${position[1]}.` : 'it ends too early or is malformed.'
}
