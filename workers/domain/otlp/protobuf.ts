import { OtlpDecodeError, SPANS_MAX, VALUE_DEPTH_MAX, timesOf, type Attributes, type FlatSpan, type SpanEvent } from './span.ts'

/**
 * Decodes an ExportTraceServiceRequest straight to flat spans. Field numbers are those of
 * opentelemetry-proto's trace.proto, common.proto and resource.proto (v1).
 * @throws OtlpDecodeError for bytes that are not one.
 */
export function decodeTraces(bytes: Uint8Array): FlatSpan[] {
  const spans: FlatSpan[] = []
  const reader = new Reader(bytes)
  reader.fields(bytes.length, (field, r) => {
    if (field === 1) resourceSpans(r, spans)
    else return false
    return true
  })
  return spans
}

const utf8 = new TextDecoder()

/** Walks one message's fields; what a visitor does not take is skipped by wire type. */
class Reader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at = 0
  wire = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  fields(end: number, visit: (field: number, reader: Reader) => boolean): void {
    while (this.at < end) {
      const tag = this.varint()
      this.wire = tag & 7
      const field = Math.floor(tag / 8)
      if (field === 0) throw new OtlpDecodeError('field number 0')
      const before = this.at
      if (!visit(field, this)) {
        this.at = before
        this.skip()
      }
      if (this.at > end) throw new OtlpDecodeError('a field passes the end of its message')
    }
  }

  /** A nested message: its end, after checking that it fits. */
  nested(): number {
    this.expect(2)
    const length = this.varint()
    const end = this.at + length
    if (end > this.bytes.length) throw new OtlpDecodeError('a length passes the end of the body')
    return end
  }

  raw(): Uint8Array {
    const end = this.nested()
    const part = this.bytes.subarray(this.at, end)
    this.at = end
    return part
  }

  string(): string {
    const part = this.raw()
    // Short ASCII is the rule; TextDecoder's call costs more than the loop.
    if (part.length <= 24) {
      let text = ''
      for (const code of part) {
        if (code > 0x7f) return utf8.decode(part)
        text += String.fromCharCode(code)
      }
      return text
    }
    return utf8.decode(part)
  }

  hex(): string {
    let text = ''
    for (const byte of this.raw()) text += HEX[byte] ?? ''
    return text
  }

  fixed64(): bigint {
    this.expect(1)
    this.need(8)
    const value = this.view.getBigUint64(this.at, true)
    this.at += 8
    return value
  }

  double(): number {
    this.expect(1)
    this.need(8)
    const value = this.view.getFloat64(this.at, true)
    this.at += 8
    return value
  }

  /** A varint as a number: exact to 2^53, beyond that to the precision of a double. */
  varint(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new OtlpDecodeError('the body ends inside a number')
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    throw new OtlpDecodeError('a number of more than ten bytes')
  }

  /** A signed 64-bit varint; negative numbers come as their complement, so the halves are kept apart. */
  int64(): number {
    this.expect(0)
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.at++]
      if (byte === undefined) throw new OtlpDecodeError('the body ends inside a number')
      const bits = byte & 0x7f
      if (i < 4) low += bits * 2 ** (7 * i)
      else if (i === 4) {
        low += (bits & 0xf) * 2 ** 28
        high += bits >> 4
      } else high += bits * 2 ** (7 * i - 32)
      if (byte < 0x80) return (high % 2 ** 32 | 0) * 2 ** 32 + low
    }
    throw new OtlpDecodeError('a number of more than ten bytes')
  }

  private expect(wire: number): void {
    if (this.wire !== wire) throw new OtlpDecodeError(`wire type ${this.wire} where ${wire} belongs`)
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw new OtlpDecodeError('the body ends inside a value')
  }

  private skip(): void {
    if (this.wire === 0) this.varint()
    else if (this.wire === 1) this.at += 8
    else if (this.wire === 2) this.at = this.nested()
    else if (this.wire === 5) this.at += 4
    else throw new OtlpDecodeError(`wire type ${this.wire}`)
    if (this.at > this.bytes.length) throw new OtlpDecodeError('the body ends inside a value')
  }
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

function resourceSpans(r: Reader, spans: FlatSpan[]): void {
  const resource: Attributes = {}
  const first = spans.length
  r.fields(r.nested(), (field) => {
    if (field === 1) r.fields(r.nested(), (inner) => inner === 1 && keyValue(r, resource))
    else if (field === 2) scopeSpans(r, spans)
    else return false
    return true
  })
  // The resource may come after its spans on the wire.
  for (let i = first; i < spans.length; i++) {
    const span = spans[i]
    if (span) span.resource = resource
  }
}

function scopeSpans(r: Reader, spans: FlatSpan[]): void {
  let scope = ''
  const first = spans.length
  r.fields(r.nested(), (field) => {
    if (field === 1) {
      r.fields(r.nested(), (inner) => {
        if (inner !== 1) return false
        scope = r.string()
        return true
      })
    } else if (field === 2) {
      if (spans.length >= SPANS_MAX) throw new OtlpDecodeError(`more than ${SPANS_MAX} spans in one request`)
      spans.push(span(r))
    } else return false
    return true
  })
  for (let i = first; i < spans.length; i++) {
    const s = spans[i]
    if (s) s.scope = scope
  }
}

function span(r: Reader): FlatSpan {
  const out: FlatSpan = {
    traceId: '', spanId: '', parentSpanId: '', name: '', endMs: 0, durationMs: 0, statusCode: 0, statusMessage: '',
    attributes: {}, events: [], resource: {}, scope: '',
  }
  let start = 0n
  let end = 0n
  r.fields(r.nested(), (field) => {
    switch (field) {
      case 1: out.traceId = r.hex(); break
      case 2: out.spanId = r.hex(); break
      case 4: out.parentSpanId = r.hex(); break
      case 5: out.name = r.string(); break
      case 7: start = r.fixed64(); break
      case 8: end = r.fixed64(); break
      case 9: keyValue(r, out.attributes); break
      case 11: out.events.push(event(r)); break
      case 15: status(r, out); break
      default: return false
    }
    return true
  })
  Object.assign(out, timesOf(start, end))
  return out
}

function status(r: Reader, out: FlatSpan): void {
  r.fields(r.nested(), (field) => {
    if (field === 2) out.statusMessage = r.string()
    else if (field === 3) out.statusCode = r.int64()
    else return false
    return true
  })
}

function event(r: Reader): SpanEvent {
  const out: SpanEvent = { name: '', attributes: {} }
  r.fields(r.nested(), (field) => {
    if (field === 2) out.name = r.string()
    else if (field === 3) keyValue(r, out.attributes)
    else return false
    return true
  })
  return out
}

function keyValue(r: Reader, into: Attributes, depth = 0): true {
  let key = ''
  let value: unknown = null
  r.fields(r.nested(), (field) => {
    if (field === 1) key = r.string()
    else if (field === 2) value = anyValue(r, depth)
    else return false
    return true
  })
  // A client may send any key; assigning `__proto__` would change the object instead.
  if (key !== '__proto__') into[key] = value
  return true
}

function anyValue(r: Reader, depth: number): unknown {
  if (depth > VALUE_DEPTH_MAX) throw new OtlpDecodeError('a value is nested too deeply')
  let value: unknown = null
  r.fields(r.nested(), (field) => {
    switch (field) {
      case 1: value = r.string(); break
      case 2: value = r.int64() !== 0; break
      case 3: value = r.int64(); break
      case 4: value = r.double(); break
      case 5: {
        const items: unknown[] = []
        r.fields(r.nested(), (inner) => inner === 1 && items.push(anyValue(r, depth + 1)) > 0)
        value = items
        break
      }
      case 6: {
        const map: Attributes = {}
        r.fields(r.nested(), (inner) => inner === 1 && keyValue(r, map, depth + 1))
        value = map
        break
      }
      case 7: value = r.hex(); break
      default: return false
    }
    return true
  })
  return value
}
