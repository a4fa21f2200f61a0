import { ProtobufReader } from './reader.ts'
import {
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
 * Decodes an ExportTraceServiceRequest straight to flat spans. Field numbers are those of
 * opentelemetry-proto's trace.proto, common.proto and resource.proto (v1).
 * @throws OtlpDecodeError for bytes that are not one.
 */
export function decodeTraces(bytes: Uint8Array): FlatSpan[] {
  return decodeItems<FlatSpan>(bytes, (r, spans) => {
    assertRoom(spans, 'spans')
    spans.push(span(r))
  })
}

/** What every signal has around its items. */
interface Placed {
  resource: Attributes
  scope: string
}

/** Resources, scopes in them and items in those have the same numbers in each of the three signals. */
export function decodeItems<T extends Placed>(bytes: Uint8Array, read: (r: ProtobufReader, items: T[]) => void): T[] {
  const items: T[] = []
  const reader = new ProtobufReader(bytes)
  reader.fields(bytes.length, (field, r) => {
    if (field === 1) ofResource(r, items, read)
    else return false
    return true
  })
  return items
}

function ofResource<T extends Placed>(r: ProtobufReader, items: T[], read: (r: ProtobufReader, items: T[]) => void) {
  const resource: Attributes = {}
  const first = items.length
  r.fields(r.nested(), (field) => {
    if (field === 1) r.fields(r.nested(), (inner) => inner === 1 && keyValue(r, resource))
    else if (field === 2) ofScope(r, items, read)
    else return false
    return true
  })
  // The resource may come after its items on the wire.
  for (let i = first; i < items.length; i++) {
    const item = items[i]
    if (item) item.resource = resource
  }
}

function ofScope<T extends Placed>(r: ProtobufReader, items: T[], read: (r: ProtobufReader, items: T[]) => void) {
  let scope = ''
  const first = items.length
  r.fields(r.nested(), (field) => {
    if (field === 1) {
      r.fields(r.nested(), (inner) => {
        if (inner !== 1) return false
        scope = r.string()
        return true
      })
    } else if (field === 2) read(r, items)
    else return false
    return true
  })
  for (let i = first; i < items.length; i++) {
    const item = items[i]
    if (item) item.scope = scope
  }
}

function span(r: ProtobufReader): FlatSpan {
  const out: FlatSpan = {
    traceId: '',
    spanId: '',
    parentSpanId: '',
    name: '',
    endMs: 0,
    durationMs: 0,
    statusCode: 0,
    statusMessage: '',
    attributes: {},
    events: [],
    resource: {},
    scope: '',
  }
  let start = 0n
  let end = 0n
  r.fields(r.nested(), (field) => {
    if (field === 11 && out.events.length === SPAN_EVENTS_MAX) return false
    switch (field) {
      case 1:
        out.traceId = r.hex()
        break
      case 2:
        out.spanId = r.hex()
        break
      case 4:
        out.parentSpanId = r.hex()
        break
      case 5:
        out.name = r.string()
        break
      case 7:
        start = r.fixed64()
        break
      case 8:
        end = r.fixed64()
        break
      case 9:
        keyValue(r, out.attributes)
        break
      case 11:
        out.events.push(event(r))
        break
      case 15:
        status(r, out)
        break
      default:
        return false
    }
    return true
  })
  Object.assign(out, timesOf(start, end))
  return out
}

function status(r: ProtobufReader, out: FlatSpan): void {
  r.fields(r.nested(), (field) => {
    if (field === 2) out.statusMessage = r.string()
    else if (field === 3) out.statusCode = r.int64()
    else return false
    return true
  })
}

function event(r: ProtobufReader): SpanEvent {
  const out: SpanEvent = { name: '', timeMs: 0, attributes: {} }
  r.fields(r.nested(), (field) => {
    if (field === 1) out.timeMs = msOf(r.fixed64())
    else if (field === 2) out.name = r.string()
    else if (field === 3) keyValue(r, out.attributes)
    else return false
    return true
  })
  return out
}

/** Loops without visitors: nine of ten calls of the decoder are for attributes. */
export function keyValue(r: ProtobufReader, into: Attributes, depth = 0): true {
  const end = r.nested()
  let key = ''
  let value: unknown = null
  for (let field = r.next(end); field !== 0; field = r.next(end)) {
    if (field === 1) key = r.name()
    else if (field === 2) value = anyValue(r, depth)
    else r.skip()
  }
  // A client may send any key; assigning `__proto__` would change the object instead.
  if (key !== '__proto__') into[key] = value
  return true
}

export function anyValue(r: ProtobufReader, depth: number): unknown {
  if (depth > VALUE_DEPTH_MAX) {
    r.raw()
    return null
  }
  const end = r.nested()
  let value: unknown = null
  for (let field = r.next(end); field !== 0; field = r.next(end)) {
    if (field === 1) value = r.string()
    else if (field === 2) value = r.int64() !== 0
    else if (field === 3) value = r.int64()
    else if (field === 4) value = r.double()
    else if (field === 5) value = arrayValue(r, depth)
    else if (field === 6) value = mapValue(r, depth)
    else if (field === 7) value = r.hex()
    else r.skip()
  }
  return value
}

function arrayValue(r: ProtobufReader, depth: number): unknown[] {
  const items: unknown[] = []
  r.fields(r.nested(), (field) => field === 1 && items.push(anyValue(r, depth + 1)) > 0)
  return items
}

function mapValue(r: ProtobufReader, depth: number): Attributes {
  const map: Attributes = {}
  r.fields(r.nested(), (field) => field === 1 && keyValue(r, map, depth + 1))
  return map
}
