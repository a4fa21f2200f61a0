import { isPlainObject } from '../event-check.ts'
import { attributesOf, eachItem, idOf, nanos, numberOf, text, valueOf } from './json.ts'
import { anyValue, decodeItems, keyValue } from './protobuf.ts'
import type { ProtobufReader } from './reader.ts'
import { assertRoom, msOf, type Attributes } from './span.ts'

/** One OTLP log record with its resource and scope, without protobuf's wrapping. */
export interface FlatLog {
  /** Nanoseconds since the epoch: when it happened, else when it was seen; '0' when neither was told. */
  timeNs: string
  /** The same in whole milliseconds. */
  timeMs: number
  traceId: string
  spanId: string
  /** It was made within a span that is exported. */
  isSampled: boolean
  eventName: string
  body: unknown
  attributes: Attributes
  resource: Attributes
  scope: string
}

const SAMPLED = 1

/**
 * Decodes an ExportLogsServiceRequest. Field numbers are those of opentelemetry-proto's logs.proto (v1).
 * @throws OtlpDecodeError for bytes that are not one.
 */
export function decodeLogs(bytes: Uint8Array): FlatLog[] {
  return decodeItems<FlatLog>(bytes, (r, logs) => {
    assertRoom(logs, 'log records')
    logs.push(logRecord(r))
  })
}

function logRecord(r: ProtobufReader): FlatLog {
  const out = emptyLog()
  let time = 0n
  let observed = 0n
  r.fields(r.nested(), (field) => {
    if (field === 1) time = r.fixed64()
    else if (field === 5) out.body = anyValue(r, 0)
    else if (field === 6) keyValue(r, out.attributes)
    else if (field === 8) out.isSampled = sampled(r.fixed32())
    else if (field === 9) out.traceId = r.hex()
    else if (field === 10) out.spanId = r.hex()
    else if (field === 11) observed = r.fixed64()
    else if (field === 12) out.eventName = r.string()
    else return false
    return true
  })
  return timed(out, time, observed)
}

/**
 * OTLP/JSON to the same flat records.
 * @throws OtlpDecodeError when the JSON is not an export request.
 */
export function flattenLogs(parsed: unknown): FlatLog[] {
  const logs: FlatLog[] = []
  eachItem(parsed, ['resourceLogs', 'scopeLogs', 'logRecords'], (record, resource, scope) => {
    assertRoom(logs, 'log records')
    const out: FlatLog = {
      ...emptyLog(),
      traceId: idOf(record.traceId, 32),
      spanId: idOf(record.spanId, 16),
      isSampled: sampled(numberOf(record.flags) ?? 0),
      eventName: text(record.eventName),
      body: isPlainObject(record.body) ? valueOf(record.body) : null,
      attributes: attributesOf(record.attributes),
      resource,
      scope,
    }
    logs.push(timed(out, nanos(record.timeUnixNano), nanos(record.observedTimeUnixNano)))
  })
  return logs
}

/** Flags of W3C trace context, level 1. */
function sampled(flags: number): boolean {
  return (flags & SAMPLED) === SAMPLED
}

function timed(out: FlatLog, time: bigint, observed: bigint): FlatLog {
  const ns = time === 0n ? observed : time
  out.timeNs = String(ns)
  out.timeMs = msOf(ns)
  return out
}

function emptyLog(): FlatLog {
  return {
    timeNs: '0',
    timeMs: 0,
    traceId: '',
    spanId: '',
    isSampled: false,
    eventName: '',
    body: null,
    attributes: {},
    resource: {},
    scope: '',
  }
}
