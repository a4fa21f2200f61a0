import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeMetrics, flattenMetrics } from '../../workers/domain/otlp/data-point.ts'
import { decodeLogs, flattenLogs } from '../../workers/domain/otlp/log-record.ts'
import { OtlpDecodeError } from '../../workers/domain/otlp/span.ts'
import { recorded } from '../support/clients.ts'
import { decodeRequest, encodeRequest, type OracleSignal } from '../support/otlp-oracle.ts'

const text = fc.string({ maxLength: 20 })
const anyValue = fc.oneof(
  fc.record({ stringValue: text }),
  fc.record({ boolValue: fc.boolean() }),
  fc.record({ intValue: fc.maxSafeInteger().map(String) }),
  fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
  fc.record({ arrayValue: fc.record({ values: fc.array(fc.record({ stringValue: text }), { maxLength: 3 }) }) }),
)
const attributes = fc.array(fc.record({ key: fc.string({ minLength: 1, maxLength: 20 }), value: anyValue }), {
  maxLength: 4,
})
const nanos = fc.bigInt({ min: 0n, max: 2n ** 62n }).map(String)
const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((b) => Buffer.from(b).toString('hex'))
const double = fc.double({ noNaN: true, noDefaultInfinity: true })
const few = <T>(items: fc.Arbitrary<T>) => fc.array(items, { maxLength: 3 })
const within = <T>(resources: string, scopes: string, items: string, item: fc.Arbitrary<T>) =>
  fc.record({
    [resources]: few(
      fc.record({
        resource: fc.record({ attributes }),
        [scopes]: few(fc.record({ scope: fc.record({ name: text }), [items]: few(item) })),
      }),
    ),
  })

const record = fc.record({
  timeUnixNano: nanos,
  observedTimeUnixNano: nanos,
  severityNumber: fc.nat(24),
  body: anyValue,
  attributes,
  flags: fc.nat(3),
  traceId: fc.oneof(fc.constant(''), hex(16)),
  spanId: fc.oneof(fc.constant(''), hex(8)),
  eventName: text,
})
const times = { startTimeUnixNano: nanos, timeUnixNano: nanos, attributes }
const number = fc.oneof(
  fc.record({ ...times, asInt: fc.maxSafeInteger().map(String) }),
  fc.record({ ...times, asDouble: double }),
)
const counted = fc.record({ ...times, count: fc.nat().map(String), sum: double })
const temporal = { aggregationTemporality: fc.nat(2) }
const metric = fc.oneof(
  fc.record({ name: text, gauge: fc.record({ dataPoints: few(number) }) }),
  fc.record({
    name: text,
    unit: text,
    sum: fc.record({ dataPoints: few(number), ...temporal, isMonotonic: fc.boolean() }),
  }),
  fc.record({ name: text, histogram: fc.record({ dataPoints: few(counted), ...temporal }) }),
  fc.record({ name: text, exponentialHistogram: fc.record({ dataPoints: few(counted), ...temporal }) }),
  fc.record({ name: text, summary: fc.record({ dataPoints: few(counted) }) }),
)

interface Signal {
  decode: (bytes: Uint8Array) => unknown[]
  flatten: (parsed: unknown) => unknown[]
  request: fc.Arbitrary<object>
  files: [string, string][]
}
const SIGNALS: [OracleSignal, Signal][] = [
  [
    'Logs',
    {
      decode: decodeLogs,
      flatten: flattenLogs,
      request: within('resourceLogs', 'scopeLogs', 'logRecords', record),
      files: [
        ['claude-code', 'logs.pb'],
        ['codex', 'logs.pb'],
        ['otel-openai', 'content-logs.pb'],
      ],
    },
  ],
  [
    'Metrics',
    {
      decode: decodeMetrics,
      flatten: flattenMetrics,
      request: within('resourceMetrics', 'scopeMetrics', 'metrics', metric),
      files: [
        ['claude-code', 'metrics.pb'],
        ['codex', 'metrics.pb'],
        ['otel-openai', 'metrics.pb'],
      ],
    },
  ],
]

describe.each(SIGNALS)('OTLP %s', (signal, { decode, flatten, request, files }) => {
  it.each(files)('%s: equals protobufjs on a recorded body', (client, file) => {
    const bytes = recorded(client, file)
    const items = decode(bytes)
    expect(items.length).toBeGreaterThan(6)
    expect(items).toEqual(flatten(decodeRequest(bytes, signal)))
  })

  it('reads what protobufjs wrote as it reads the same request in JSON', () => {
    fc.assert(
      fc.property(request, (json) => {
        const plain = JSON.parse(JSON.stringify(json)) as object
        expect(decode(encodeRequest(plain, signal))).toEqual(flatten(plain))
      }),
      { numRuns: 300 },
    )
  })

  it('answers any bytes with items or a decode error', () => {
    const [client = '', file = ''] = files[0] ?? []
    const body = recorded(client, file)
    const bytes = fc
      .tuple(fc.nat(body.length), fc.array(fc.tuple(fc.nat(body.length - 1), fc.nat(255)), { maxLength: 9 }))
      .map(([length, changes]) => {
        const copy = Uint8Array.from(body)
        for (const [at, value] of changes) copy[at] = value
        return copy.subarray(0, length)
      })
    fc.assert(
      fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 200 })), (any) => {
        try {
          decode(any)
        } catch (error) {
          expect(error).toBeInstanceOf(OtlpDecodeError)
        }
      }),
      { numRuns: 3000 },
    )
  })

  it.each([[[]], ['x'], [{ [`resource${signal}`]: 7 }], [{ [`resource${signal}`]: [7] }]])('refuses %j', (json) => {
    expect(() => flatten(json)).toThrow(OtlpDecodeError)
  })

  it('takes a request of nothing', () => {
    expect([decode(new Uint8Array()), flatten({})]).toEqual([[], []])
  })
})
