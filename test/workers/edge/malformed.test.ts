import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { EVENT_TYPES, type CanonicalEvent } from '../../../workers/contract/event.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const RUNS = 50_000
const AGE_MS_MAX = 401 * 86_400_000
const TYPES: ReadonlySet<string> = new Set(EVENT_TYPES)
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
      const accepted = response.status === 202 ? (await response.json<{ accepted: number }>()).accepted : undefined
      const events = edge.events()
      const faults = [...faultsOf(path, response.status, accepted, good, events)]
      // Asked for a hundred thousand times, vitest's expectations would take longer than the edge.
      if (faults.length > 0) expect.fail(faults.join('; '))
      if (accepted !== undefined) taken += events.length
    }),
    { numRuns: RUNS },
  )
  expect(taken).toBeGreaterThan(1000)
}, 300_000)

/** What is wrong with an answer, and with what became durable; `accepted` is undefined where the answer is no 202. */
function* faultsOf(
  path: string,
  status: number,
  accepted: number | undefined,
  good: number,
  events: readonly CanonicalEvent[],
): Generator<string> {
  if (status >= 500) yield `status ${status}`
  if (accepted === undefined) {
    if (path === '/v1/events' && events.length > 0)
      yield `status ${status}, and yet ${events.length} events are durable`
    return
  }
  if (events.length !== accepted) yield `${accepted} are accepted, ${events.length} durable`
  const kept = events.filter(({ trace_id }) => trace_id === 'good').length
  if (kept < good) yield `of ${good} good neighbours ${kept} are durable`
  for (const { event_type, timestamp, trace_id, span_id } of events) {
    if (!TYPES.has(event_type)) yield `type ${event_type}`
    if (!(Math.abs(timestamp - Date.now()) < AGE_MS_MAX)) yield `timestamp ${timestamp}`
    if (typeof trace_id !== 'string' || typeof span_id !== 'string') yield 'an id is no text'
  }
}

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
