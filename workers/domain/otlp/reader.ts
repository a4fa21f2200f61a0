import { OtlpDecodeError } from './span.ts'

const utf8 = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true })
/** Protobuf's own limit. */
const FIELD_NUMBER_MAX = 2 ** 29 - 1

/** Walks one message's fields; what a visitor does not take is skipped by wire type. */
export class ProtobufReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  at = 0
  wire = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  fields(end: number, visit: (field: number, reader: ProtobufReader) => boolean): void {
    for (let field = this.next(end); field !== 0; field = this.next(end)) {
      const before = this.at
      if (!visit(field, this)) {
        this.at = before
        this.skip()
      }
    }
  }

  /** The number of the next field of a message that ends at `end`; 0 after the last. */
  next(end: number): number {
    if (this.at >= end) {
      if (this.at > end) throw new OtlpDecodeError('a field passes the end of its message')
      return 0
    }
    const tag = this.varint()
    this.wire = tag & 7
    const field = Math.floor(tag / 8)
    if (field === 0 || field > FIELD_NUMBER_MAX) throw new OtlpDecodeError(`field number ${field}`)
    return field
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

  /** A string that comes again and again, as names of attributes do: the one that was made before. */
  name(): string {
    const part = this.raw()
    let hash = part.length
    for (const code of part) hash = (Math.imul(hash, 31) + code) | 0
    const slot = hash & (NAMES_KEPT - 1)
    const known = names[slot]
    if (known !== undefined && isText(part, known)) return known
    const name = utf8.decode(part)
    if (name.length === part.length && part.length <= NAME_CHARS_MAX) names[slot] = name
    return name
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

  fixed32(): number {
    this.expect(5)
    this.need(4)
    const value = this.view.getUint32(this.at, true)
    this.at += 4
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
      if (byte < 0x80) return ((high % 2 ** 32) | 0) * 2 ** 32 + low
    }
    throw new OtlpDecodeError('a number of more than ten bytes')
  }

  private expect(wire: number): void {
    if (this.wire !== wire) throw new OtlpDecodeError(`wire type ${this.wire} where ${wire} belongs`)
  }

  private need(bytes: number): void {
    if (this.at + bytes > this.bytes.length) throw new OtlpDecodeError('the body ends inside a value')
  }

  /** Over the field whose tag was read. */
  skip(): void {
    if (this.wire === 0) this.varint()
    else if (this.wire === 1) this.at += 8
    else if (this.wire === 2) this.at = this.nested()
    else if (this.wire === 5) this.at += 4
    else throw new OtlpDecodeError(`wire type ${this.wire}`)
    if (this.at > this.bytes.length) throw new OtlpDecodeError('the body ends inside a value')
  }
}

const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))
const NAMES_KEPT = 2048
const NAME_CHARS_MAX = 64
const names: (string | undefined)[] = new Array<string | undefined>(NAMES_KEPT)

function isText(bytes: Uint8Array, text: string): boolean {
  if (bytes.length !== text.length) return false
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== text.charCodeAt(i)) return false
  return true
}
