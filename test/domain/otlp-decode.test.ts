import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { flattenTraces } from '../../workers/domain/otlp/json.ts'
import { decodeTraces } from '../../workers/domain/otlp/protobuf.ts'
import { OtlpDecodeError } from '../../workers/domain/otlp/span.ts'
import { decodeRequest, encodeRequest } from '../support/otlp-oracle.ts'

const fixture = (name: string) => gunzipSync(readFileSync(join(import.meta.dirname, `../fixtures/otlp/${name}.gz`)))

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'))
const { anyValue } = fc.letrec<{ anyValue: unknown }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3 },
    fc.record({ stringValue: fc.string({ unit: 'grapheme', maxLength: 40 }) }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.maxSafeInteger().map(String) }),
    fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: fc.string({ maxLength: 9 }), value: tie('anyValue') }), { maxLength: 3 }),
      }),
    }),
  ),
}))
const attributes = fc.array(fc.record({ key: fc.string({ minLength: 1, maxLength: 30 }), value: anyValue }), {
  maxLength: 6,
})
const nanos = fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String)
const span = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: fc.oneof(fc.constant(''), hex(8)),
  name: fc.string({ maxLength: 40 }),
  kind: fc.nat(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  events: fc.array(fc.record({ name: fc.string(), timeUnixNano: nanos, attributes }), { maxLength: 2 }),
  status: fc.record({ code: fc.nat(2), message: fc.string() }),
})
const request = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeSpans: fc.array(
        fc.record({ scope: fc.record({ name: fc.string() }), spans: fc.array(span, { maxLength: 3 }) }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
})

describe('OTLP decoding', () => {
  it.each(['otel-js.pb', 'anthropic-sdk.pb'])('%s: equals protobufjs on a recorded body', (name) => {
    const bytes = fixture(name)
    const spans = decodeTraces(bytes)
    expect(spans.length).toBeGreaterThan(10)
    expect(spans).toEqual(flattenTraces(decodeRequest(bytes)))
  })

  it('reads what protobufjs wrote as it reads the same request in JSON', () => {
    fc.assert(
      fc.property(request, (json) => {
        expect(decodeTraces(encodeRequest(json))).toEqual(flattenTraces(JSON.parse(JSON.stringify(json))))
      }),
      { numRuns: 500 },
    )
  })

  it('answers any bytes with spans or a decode error, never with another error or a hang', () => {
    const recorded = fixture('otel-js.pb')
    const cut = fc
      .tuple(fc.nat(recorded.length), fc.array(fc.tuple(fc.nat(recorded.length - 1), fc.nat(255)), { maxLength: 20 }))
      .map(([length, changes]) => {
        const bytes = Uint8Array.from(recorded)
        for (const [at, value] of changes) bytes[at] = value
        return bytes.subarray(0, length)
      })
    fc.assert(
      fc.property(fc.oneof(cut, fc.uint8Array({ maxLength: 300 })), (bytes) => {
        try {
          decodeTraces(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpDecodeError)
        }
      }),
      { numRuns: 10_000 },
    )
  })

  it('reads values nested beyond reason as null, and keeps the span', () => {
    let value: unknown = { stringValue: 'x' }
    for (let i = 0; i < 12; i++) value = { arrayValue: { values: [value] } }
    const json = {
      resourceSpans: [
        {
          scopeSpans: [
            { spans: [{ traceId: '0'.repeat(32), spanId: '0'.repeat(16), attributes: [{ key: 'a', value }] }] },
          ],
        },
      ],
    }
    const spans = decodeTraces(encodeRequest(json))
    expect(JSON.stringify(spans[0]?.attributes)).toBe('{"a":[[[[[[[[[null]]]]]]]]]}')
    expect(spans).toEqual(flattenTraces(json))
  })

  it('takes base64 ids, null values and 64-bit integers as numbers in JSON', () => {
    const json = {
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: Buffer.alloc(16, 7).toString('base64'),
                  spanId: 'ab'.repeat(8),
                  startTimeUnixNano: 1e18,
                  endTimeUnixNano: '1000000001500000000',
                  attributes: [
                    { key: 'n', value: {} },
                    { key: 'i', value: { intValue: 5 } },
                  ],
                },
              ],
            },
          ],
        },
      ],
    }
    expect(flattenTraces(json)[0]).toMatchObject({
      traceId: '07'.repeat(16),
      endMs: 1_000_000_001_500,
      durationMs: 1500,
      attributes: { n: null, i: 5 },
    })
  })
})
