/** Attribute values as plain JSON values; bytes become hex. */
export type Attributes = Record<string, unknown>

export interface SpanEvent {
  name: string
  /** Epoch milliseconds, whole; 0 when the emitter gave none. */
  timeMs: number
  attributes: Attributes
}

/** One OTLP span with its resource and scope, without protobuf's wrapping. */
export interface FlatSpan {
  traceId: string
  spanId: string
  parentSpanId: string
  name: string
  /** Epoch milliseconds, whole. */
  endMs: number
  /** Milliseconds, to the microsecond. */
  durationMs: number
  /** 0 unset, 1 ok, 2 error. */
  statusCode: number
  statusMessage: string
  attributes: Attributes
  events: SpanEvent[]
  resource: Attributes
  scope: string
}

/** The bytes or JSON are not an OTLP export request, or are one with too many spans. */
export class OtlpDecodeError extends Error {
  readonly tooLarge: boolean

  constructor(message: string, tooLarge = false) {
    super(message)
    this.tooLarge = tooLarge
  }
}

/** More spans, log records or data points than fit into a request of real ones: only one made to exhaust memory has them. */
const ITEMS_MAX = 50_000
/** Events of a span beyond these are left out, as the SDKs' own limit does. */
export const SPAN_EVENTS_MAX = 128
/** A value nested deeper becomes null: one odd attribute must not cost a client its batch. */
export const VALUE_DEPTH_MAX = 8

/** @throws OtlpDecodeError when there is no room for one more. */
export function assertRoom(items: readonly unknown[], what: 'spans' | 'log records' | 'data points'): void {
  if (items.length >= ITEMS_MAX) throw new OtlpDecodeError(`more than ${ITEMS_MAX} ${what} in one request`, true)
}

/** Nanoseconds since the epoch → end in ms, duration in ms. */
export function timesOf(startNs: bigint, endNs: bigint): { endMs: number; durationMs: number } {
  const end = endNs === 0n ? startNs : endNs
  const durationUs = end > startNs ? (end - startNs + 500n) / 1000n : 0n
  return { endMs: msOf(end), durationMs: Number(durationUs) / 1000 }
}

/** Nanoseconds → whole milliseconds. */
export function msOf(ns: bigint): number {
  return Number(ns / 1_000_000n)
}
