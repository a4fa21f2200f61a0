import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { EVENT_TYPES } from '../../../workers/contract/event.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const RUNS = 50_000
const GOOD = { event_type: 'agent.request.completed', trace_id: 'good', span_id: 's' }

const wild = fc.anything({ withNullPrototype: false, maxDepth: 3, maxKeys: 5 })
const spoilt = fc
  .record({
    field: fc.constantFrom(
      'event_type',
      'timestamp',
      'trace_id',
      'span_id',
      'latency_ms',
      'tokens_prompt',
      'cost_usd',
      'status',
      'scores',
      'attributes',
      'org_id',
      '__proto__',
      'constructor',
    ),
    value: wild,
  })
  .map(({ field, value }) => ({ ...GOOD, timestamp: Date.now(), trace_id: 'maybe', [field]: value }))
const item = fc.oneof(
  { weight: 2, arbitrary: fc.constant('GOOD') },
  { weight: 4, arbitrary: spoilt },
  { weight: 2, arbitrary: wild },
)
const text = fc.oneof(
  fc.array(item, { maxLength: 6 }).map((items) => ({ items })),
  fc
    .oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('', '{', '[', 'null', '{"events":null}', '[[[[', '\u0000', '{"events":[}', '"\\ud800"'),
    )
    .map((raw) => ({ raw })),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => ({ bytes })),
)
const header = fc.record(
  {
    'content-type': fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/x-ndjson',
        'application/x-protobuf',
        'text/plain',
        'application/json; charset=utf-16',
        ';;;',
        'multipart/form-data',
      ),
      latin(),
    ),
    'content-encoding': fc.oneof(fc.constantFrom('gzip', 'identity', 'br', 'deflate', 'gzip, gzip'), latin()),
    'idempotency-key': fc.oneof(latin(), fc.constant('x'.repeat(500))),
    authorization: fc.oneof(
      { weight: 9, arbitrary: fc.constant('GOOD') },
      { weight: 1, arbitrary: fc.oneof(latin(), fc.constantFrom('Bearer', 'Basic !!!', 'Bearer ao_global_x')) },
    ),
    'x-request-id': latin(),
  },
  { requiredKeys: ['authorization'] },
)
const attempt = fc.record({
  path: fc.constantFrom('/v1/events', '/v1/events', '/v1/events', '/v1/traces'),
  body: text,
  headers: header,
  zipped: fc.boolean(),
  ndjson: fc.boolean(),
})

function latin() {
  return fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    maxLength: 30,
  })
}

it(`answers ${RUNS} malformed requests without a 5xx, takes no invalid event and keeps good neighbours`, async () => {
  const { key } = await freshKey()
  const edge = watchedEdge({
    INGEST_REQUESTS_PER_10S: '100000000',
    INGEST_LIMIT: { limit: async () => ({ success: true }) },
  })
  let taken = 0
  await fc.assert(
    fc.asyncProperty(attempt, async ({ path, body, headers, zipped, ndjson }) => {
      edge.sent.length = 0
      edge.journaled.length = 0
      const good = 'items' in body ? body.items.filter((i) => i === 'GOOD').length : 0
      const response = await edge.fetch(path, requestOf(key, body, headers, zipped, ndjson))
      const events = edge.events()
      expect(response.status).toBeLessThan(500)
      if (response.status !== 202) {
        if (path === '/v1/events') expect(events).toEqual([])
        return
      }
      const answer = await response.json<{ accepted: number }>()
      expect(events).toHaveLength(answer.accepted)
      expect(events.filter((e) => e.trace_id === 'good').length).toBeGreaterThanOrEqual(good)
      for (const event of events) {
        expect(EVENT_TYPES).toContain(event.event_type)
        expect(Math.abs(event.timestamp - Date.now())).toBeLessThan(401 * 86_400_000)
        expect([typeof event.trace_id, typeof event.span_id]).toEqual(['string', 'string'])
      }
      taken += events.length
    }),
    { numRuns: RUNS },
  )
  expect(taken).toBeGreaterThan(1000)
}, 120_000)

function requestOf(
  key: string,
  body: { items: unknown[] } | { raw: string } | { bytes: Uint8Array },
  headers: Record<string, string>,
  zipped: boolean,
  ndjson: boolean,
): RequestInit {
  const sent: Record<string, string> = {
    ...headers,
    authorization: headers.authorization === 'GOOD' ? `Bearer ${key}` : (headers.authorization ?? ''),
  }
  let content: string | Uint8Array
  if ('items' in body) {
    const items = body.items.map((i) => (i === 'GOOD' ? { ...GOOD, timestamp: Date.now() } : i)).map((i) => textOf(i))
    content = ndjson ? items.join('\n') : `{"events":[${items.join(',')}]}`
    sent['content-type'] = ndjson ? 'application/x-ndjson' : 'application/json'
    delete sent['content-encoding']
    delete sent['idempotency-key']
    if (zipped) {
      content = gzipSync(content)
      sent['content-encoding'] = 'gzip'
    }
  } else content = 'raw' in body ? body.raw : body.bytes
  return { method: 'POST', headers: sent, body: content }
}

function textOf(value: unknown): string {
  try {
    return (JSON.stringify(value) as string | undefined)?.replaceAll('\n', ' ') ?? 'null'
  } catch {
    return 'null'
  }
}
