/** A small protobuf writer for test requests inside workerd, where protobufjs may not generate its code. */
type Field = [number: number, value: Uint8Array | string | number | bigint]

function message(fields: Field[]): Uint8Array {
  const parts: number[] = []
  for (const [number, value] of fields) {
    if (typeof value === 'number') parts.push(...varint(number * 8), ...varint(value))
    else if (typeof value === 'bigint') {
      const bytes = new Uint8Array(8)
      new DataView(bytes.buffer).setBigUint64(0, value, true)
      parts.push(...varint(number * 8 + 1), ...bytes)
    } else {
      const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value
      parts.push(...varint(number * 8 + 2), ...varint(bytes.length), ...bytes)
    }
  }
  return Uint8Array.from(parts)
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

interface JsonAttribute {
  key: string
  value: { stringValue?: string; intValue?: string }
}
interface JsonSpan {
  traceId: string
  spanId: string
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: JsonAttribute[]
}

const hex = (text: string) => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
const attribute = ({ key, value }: JsonAttribute) =>
  message([
    [1, key],
    [2, value.stringValue === undefined ? message([[3, Number(value.intValue)]]) : message([[1, value.stringValue]])],
  ])

/** One resource, one scope and its spans, as protobuf. */
export function encodeSpans(json: {
  resourceSpans: {
    resource: { attributes: JsonAttribute[] }
    scopeSpans: { scope: { name: string }; spans: JsonSpan[] }[]
  }[]
}): Uint8Array {
  const spanOf = (s: JsonSpan) =>
    message([
      [1, hex(s.traceId)],
      [2, hex(s.spanId)],
      [5, s.name],
      [6, 3],
      [7, BigInt(s.startTimeUnixNano)],
      [8, BigInt(s.endTimeUnixNano)],
      ...s.attributes.map((a): Field => [9, attribute(a)]),
    ])
  return message(
    json.resourceSpans.map((rs): Field => [
      1,
      message([
        [1, message(rs.resource.attributes.map((a): Field => [1, attribute(a)]))],
        ...rs.scopeSpans.map((ss): Field => [
          2,
          message([[1, message([[1, ss.scope.name]])], ...ss.spans.map((s): Field => [2, spanOf(s)])]),
        ]),
      ]),
    ]),
  )
}
