/** Attribute values as plain JSON values; bytes become hex. */
export type Attributes = Record<string, unknown>

export interface SpanEvent {
  name: string
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

/** The bytes or JSON are not an OTLP export request. */
export class OtlpDecodeError extends Error {}

export const SPANS_MAX = 10_000
export const VALUE_DEPTH_MAX = 8

/** Nanoseconds since the epoch as a decimal string or bigint → [end ms, duration ms]. */
export function timesOf(startNs: bigint, endNs: bigint): { endMs: number; durationMs: number } {
  const end = endNs === 0n ? startNs : endNs
  const durationUs = end > startNs ? (end - startNs + 500n) / 1000n : 0n
  return { endMs: Number(end / 1_000_000n), durationMs: Number(durationUs) / 1000 }
}
