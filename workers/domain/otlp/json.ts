import { isPlainObject } from '../event-check.ts'
import {
  OtlpDecodeError,
  SPAN_EVENTS_MAX,
  VALUE_DEPTH_MAX,
  assertRoom,
  msOf,
  timesOf,
  type Attributes,
  type FlatSpan,
  type SpanEvent,
} from './span.ts'

/**
 * OTLP/JSON (opentelemetry-proto, "JSON Protobuf Encoding") to the same flat spans: ids are hex, 64-bit
 * integers are strings or numbers, unknown fields are ignored.
 * @throws OtlpDecodeError when the JSON is not an export request.
 */
export function flattenTraces(parsed: unknown): FlatSpan[] {
  const spans: FlatSpan[] = []
  eachItem(parsed, ['resourceSpans', 'scopeSpans', 'spans'], (span, resource, scope) => {
    assertRoom(spans, 'spans')
    spans.push(spanOf(span, resource, scope))
  })
  return spans
}

/** Items within scopes within resources, as each signal names them. @throws OtlpDecodeError when it is nothing of the kind. */
export function eachItem(
  parsed: unknown,
  [ofResources, ofScopes, items]: readonly [string, string, string],
  visit: (item: Record<string, unknown>, resource: Attributes, scope: string) => void,
): void {
  if (!isPlainObject(parsed)) throw new OtlpDecodeError(`the body must be an object with ${ofResources}`)
  for (const inResource of list(parsed[ofResources], ofResources)) {
    const resource = attributesOf(isPlainObject(inResource.resource) ? inResource.resource.attributes : undefined)
    for (const inScope of list(inResource[ofScopes], ofScopes)) {
      const scope = isPlainObject(inScope.scope) ? text(inScope.scope.name) : ''
      for (const item of list(inScope[items], items)) visit(item, resource, scope)
    }
  }
}

function spanOf(span: Record<string, unknown>, resource: Attributes, scope: string): FlatSpan {
  const status = isPlainObject(span.status) ? span.status : {}
  return {
    traceId: idOf(span.traceId, 32),
    spanId: idOf(span.spanId, 16),
    parentSpanId: idOf(span.parentSpanId, 16),
    name: text(span.name),
    ...timesOf(nanos(span.startTimeUnixNano), nanos(span.endTimeUnixNano)),
    statusCode: STATUS_NAMES[text(status.code)] ?? (typeof status.code === 'number' ? status.code : 0),
    statusMessage: text(status.message),
    attributes: attributesOf(span.attributes),
    events: list(span.events, 'events').slice(0, SPAN_EVENTS_MAX).map(eventOf),
    resource,
    scope,
  }
}

function eventOf(event: Record<string, unknown>): SpanEvent {
  return { name: text(event.name), timeMs: msOf(nanos(event.timeUnixNano)), attributes: attributesOf(event.attributes) }
}

const STATUS_NAMES: Record<string, number> = {
  STATUS_CODE_UNSET: 0,
  STATUS_CODE_OK: 1,
  STATUS_CODE_ERROR: 2,
  '1': 1,
  '2': 2,
}

export function list(value: unknown, name: string): Record<string, unknown>[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new OtlpDecodeError(`${name} must be an array`)
  return value.map((item: unknown) => {
    if (!isPlainObject(item)) throw new OtlpDecodeError(`${name} must hold objects`)
    return item
  })
}

export function text(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** Hex by the specification; protobuf's plain JSON mapping would write base64, which some clients do. */
export function idOf(value: unknown, hexChars: number): string {
  const id = text(value)
  if (id === '' || (id.length === hexChars && /^[0-9a-f]+$/i.test(id))) return id.toLowerCase()
  try {
    const bytes = atob(id)
    if (bytes.length * 2 === hexChars)
      return Array.from(bytes, (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  } catch {
    // Not base64 either: kept as it came, and judged with the event.
  }
  return id
}

export function nanos(value: unknown): bigint {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return BigInt(Math.floor(value))
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  return 0n
}

export function attributesOf(value: unknown, depth = 0): Attributes {
  const out: Attributes = {}
  for (const pair of list(value, 'attributes')) {
    const key = text(pair.key)
    if (key !== '__proto__') out[key] = valueOf(pair.value, depth)
  }
  return out
}

export function valueOf(value: unknown, depth = 0): unknown {
  if (depth > VALUE_DEPTH_MAX || !isPlainObject(value)) return null
  if ('stringValue' in value) return text(value.stringValue)
  if ('boolValue' in value) return value.boolValue === true || value.boolValue === 'true'
  if ('intValue' in value) return numberOf(value.intValue)
  if ('doubleValue' in value) return numberOf(value.doubleValue)
  if ('bytesValue' in value) return base64Hex(text(value.bytesValue))
  if ('arrayValue' in value) {
    return list(isPlainObject(value.arrayValue) ? value.arrayValue.values : undefined, 'values').map((item) =>
      valueOf(item, depth + 1),
    )
  }
  if ('kvlistValue' in value)
    return attributesOf(isPlainObject(value.kvlistValue) ? value.kvlistValue.values : undefined, depth + 1)
  return null
}

export function numberOf(value: unknown): number | null {
  const number =
    typeof value === 'number' ? value : typeof value === 'string' && value !== '' ? Number(value) : Number.NaN
  return Number.isFinite(number) ? number : null
}

function base64Hex(encoded: string): string {
  try {
    return Array.from(atob(encoded), (c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  } catch {
    return encoded
  }
}
