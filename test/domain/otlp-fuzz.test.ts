import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { AppError } from '../../workers/domain/errors.ts'
import type { CanonicalContext } from '../../workers/domain/canonical.ts'
import { parseMetrics } from '../../workers/edge/metrics.ts'
import { parseLogs } from '../../workers/edge/logs.ts'
import type { OtlpEncoding } from '../../workers/edge/otlp.ts'
import { parseTraces } from '../../workers/edge/traces.ts'
import { recorded } from '../support/clients.ts'
import { randomOf } from '../support/metrics-fleet.ts'
import { decodeRequest, encodeRequest, type OracleSignal } from '../support/otlp-oracle.ts'

/** Of one body, on a machine that is busy with something else: a hang takes longer. */
const MS_MAX = 5000
const TEXT_CHARS = 40
const ATTRIBUTES_EACH = 16
const ITEMS_EACH = 2

interface Fuzzed {
  bodies: number
  /** How much it makes of a body. */
  parse: (body: Uint8Array, encoding: OtlpEncoding, about: CanonicalContext) => number
  /** How the signal names its resources, scopes and items. */
  names: [resources: string, scopes: string, items: string]
  recordings: (readonly [client: string, file: string])[]
}
const SIGNALS: [OracleSignal, Fuzzed][] = [
  [
    'Trace',
    {
      bodies: 100_000,
      parse: (...of) => parseTraces(...of).events.length,
      names: ['resourceSpans', 'scopeSpans', 'spans'],
      recordings: [
        ['otel-js', 'traces.pb'],
        ['anthropic-otel', 'traces.pb'],
        ['openinference', 'traces.pb'],
        ['langsmith', 'traces.pb'],
        ['claude-code', 'traces.pb'],
        ['vercel-ai', 'traces.json'],
        ['langfuse-otel', 'traces.json'],
      ],
    },
  ],
  [
    'Logs',
    {
      bodies: 20_000,
      parse: (...of) => {
        const { events, retold } = parseLogs(...of)
        return events.length + retold.length
      },
      names: ['resourceLogs', 'scopeLogs', 'logRecords'],
      recordings: [
        ['claude-code', 'logs.pb'],
        ['claude-code', 'logs.json'],
        ['claude-code', 'error-logs.json'],
        ['otel-openai', 'content-logs.pb'],
        ['otel-js', 'logs.json'],
      ],
    },
  ],
  [
    'Metrics',
    {
      bodies: 20_000,
      parse: (...of) => parseMetrics(...of).groups.length,
      names: ['resourceMetrics', 'scopeMetrics', 'metrics'],
      recordings: [
        ['claude-code', 'metrics.pb'],
        ['claude-code', 'metrics.json'],
        ['otel-openai', 'metrics.pb'],
        ['otel-js', 'metrics.json'],
      ],
    },
  ],
]

type Json = Record<string, unknown>
type Nested = Record<string, Json[]>
const random = randomOf(20_261_128)
const below = (n: number) => Math.floor(random() * n)
const pick = <T>(all: readonly T[]): T => all[below(all.length)] as T

/** Small requests of real spans: two of them each, long texts cut, so that a mutation hits what is read. */
function seeds(signal: OracleSignal, { names: [resources, scopes, items], recordings }: Fuzzed): Json[] {
  return recordings.flatMap(([client, file]) => {
    const body = recorded(client, file)
    const request = (file.endsWith('.pb') ? decodeRequest(body, signal) : JSON.parse(body.toString())) as Nested
    const inScopes = (request[resources] ?? []).flatMap((one) => one[scopes] as Nested[])
    return inScopes.flatMap((inScope) => {
      const all = inScope[items] ?? []
      return Array.from({ length: Math.min(8, Math.floor(all.length / ITEMS_EACH)) }, (_, i) => {
        const some = all.slice(i * ITEMS_EACH, (i + 1) * ITEMS_EACH)
        const small = {
          [resources]: [
            {
              resource: { attributes: [] },
              [scopes]: [{ scope: inScope.scope, [items]: some }],
            },
          ],
        }
        return JSON.parse(JSON.stringify(small), (_, value: unknown) =>
          typeof value === 'string'
            ? value.slice(0, TEXT_CHARS)
            : Array.isArray(value)
              ? value.slice(0, ATTRIBUTES_EACH)
              : value,
        ) as Json
      })
    })
  })
}

/** Flips, cuts, doubles, moves and overwrites bytes; some at once. */
function mutate(body: Uint8Array): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(body)
  for (let n = 1 + below(3); n > 0; n--) {
    const at = below(bytes.length)
    switch (below(6)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
        break
      case 1:
        bytes[at] = pick([0, 0x7f, 0x80, 0xff, 0x22, 0x7b, 0x5b, 0x2c, below(256)])
        break
      case 2:
        bytes = bytes.slice(0, at)
        break
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + below(40)), bytes.subarray(at)])
        break
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))])
        break
      default:
        bytes.copyWithin(at, below(bytes.length), below(bytes.length))
    }
    if (bytes.length === 0) break
  }
  return bytes
}

const deep = JSON.parse(`${'{"arrayValue":{"values":['.repeat(60)}${']}}'.repeat(60)}`) as unknown
const ODD: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  '0',
  '__proto__',
  'constructor',
  '\ud800',
  'NaN',
  '9'.repeat(40),
  'x'.repeat(5000),
  [],
  {},
  [null],
  { length: 5 },
  deep,
  { kvlistValue: { values: [{ key: '__proto__', value: { stringValue: 'x' } }] } },
  { doubleValue: 'Infinity' },
  { intValue: '-9223372036854775808' },
]

/** Puts something odd in a place of the request, or under another key. */
function warp(request: Json): Json {
  const copy = structuredClone(request)
  for (let n = 1 + below(2); n > 0; n--) {
    let at: Json = copy
    for (;;) {
      const keys = Object.keys(at)
      if (keys.length === 0) break
      const key = pick(keys)
      const inner = at[key]
      if (typeof inner === 'object' && inner !== null && random() < 0.93) at = inner as Json
      else {
        if (random() < 0.15)
          Object.assign(at, {
            [pick(['key', 'value', 'name', 'spans', 'status', 'events'])]: structuredClone(pick(ODD)),
          })
        else at[key] = structuredClone(pick(ODD))
        break
      }
    }
  }
  return copy
}

const context = (keepContent: boolean) => ({
  tenant: { org_id: 'o', workspace_id: 'w', project_id: 'p' },
  keepContent,
  nowMs: Date.UTC(2026, 10, 23, 12),
  sha256: sha256Hex,
})

/** What became of a body: so many events, or the code of the refusal. Any other error is what this looks for. */
function outcome(
  parse: Fuzzed['parse'],
  body: Uint8Array,
  encoding: OtlpEncoding,
  keepContent: boolean,
): 'events' | 'none' | 'refused' {
  try {
    return parse(body, encoding, context(keepContent)) > 0 ? 'events' : 'none'
  } catch (error) {
    if (error instanceof AppError && error.code === 'unreadable') return 'refused'
    throw new Error(`${encoding} ${Buffer.from(body).toString('base64')}`, { cause: error })
  }
}

describe.each(SIGNALS)('OTLP %s bodies that are broken', (signal, fuzzed) => {
  const { bodies, parse } = fuzzed
  it(`become events or a refusal: ${bodies.toLocaleString('en')} of them`, { timeout: 300_000 }, () => {
    const requests = seeds(signal, fuzzed)
    const json = requests.map((request) => new TextEncoder().encode(JSON.stringify(request)))
    const protobuf = requests.map((request) => encodeRequest(request, signal))
    const seen = { events: 0, none: 0, refused: 0 }
    let slowestMs = 0
    for (let i = 0; i < bodies; i++) {
      const keepContent = i % 8 === 0
      const kind = i % 4
      const startedMs = performance.now()
      const result =
        kind < 2
          ? outcome(parse, mutate(pick(protobuf)), 'protobuf', keepContent)
          : kind === 2
            ? outcome(parse, mutate(pick(json)), 'json', keepContent)
            : outcome(parse, new TextEncoder().encode(JSON.stringify(warp(pick(requests)))), 'json', keepContent)
      slowestMs = Math.max(slowestMs, performance.now() - startedMs)
      seen[result]++
    }
    expect(slowestMs).toBeLessThan(MS_MAX)
    // A fuzz of which nothing, or all, is refused says little.
    expect(Math.min(seen.events, seen.refused)).toBeGreaterThan(bodies / 10)
  })
})
