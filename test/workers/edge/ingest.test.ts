import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { IngestAnswer } from '../../../workers/contract/batch.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import { splitEnvelope, splitSegment } from '../../../workers/domain/envelope.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const event = (more: Record<string, unknown> = {}) => ({
  event_type: 'agent.request.completed',
  timestamp: Date.now(),
  trace_id: 't',
  span_id: 's',
  ...more,
})
const json = (key: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const problem = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('x-request-id')).toBeTruthy()
  return Problem.parse(await response.json())
}

describe('POST /v1/events', () => {
  it('keeps the good events of a batch and names the others', async () => {
    const { key, record } = await freshKey()
    const edge = watchedEdge()
    const response = await edge.fetch(
      '/v1/events',
      json(key, {
        events: [
          event({ event_id: 'a' }),
          { nonsense: true },
          event({ event_id: 'b', latency_ms: -1 }),
          event({ event_id: 'c' }),
        ],
      }),
    )
    expect(response.status).toBe(202)
    const answer = IngestAnswer.parse(await response.json())
    expect(answer).toMatchObject({
      accepted: 2,
      rejected: [
        { index: 1, code: 'invalid' },
        { index: 2, pointer: '/latency_ms' },
      ],
    })
    expect(answer.receipt_id).toMatch(new RegExp(`^rct_${record.project_id}_[0-9a-f]{32}_1$`))
    expect(edge.events().map((e) => e.event_id)).toEqual(['a', 'c'])
    expect(edge.journaled).toHaveLength(1)
  })

  it.each([
    ['a bare array', JSON.stringify([event()]), 'application/json', 1],
    ['one event', JSON.stringify(event()), 'application/json', 1],
    ['NDJSON', `${JSON.stringify(event())}\n\n${JSON.stringify(event())}\n`, 'application/x-ndjson', 2],
    [
      'NDJSON with a broken line',
      `${JSON.stringify(event())}\n{"a":\n${JSON.stringify(event())}`,
      'application/x-ndjson',
      2,
    ],
    ['an empty batch', '{"events":[]}', 'application/json', 0],
  ])('takes %s', async (_, body, type, accepted) => {
    const { key } = await freshKey()
    const response = await watchedEdge().fetch('/v1/events', json(key, body, { 'content-type': type }))
    expect(response.status).toBe(202)
    expect(IngestAnswer.parse(await response.json()).accepted).toBe(accepted)
  })

  it('takes gzip, also without a length, and the same body is the same batch', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const text = JSON.stringify({ events: [event()] })
    const packed = gzipSync(text)
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-encoding': 'gzip' }
    const first = await edge.fetch('/v1/events', { method: 'POST', headers, body: packed })
    const stream = new Response(packed).body
    const second = await edge.fetch('/v1/events', { method: 'POST', headers, body: stream })
    const third = await edge.fetch('/v1/events', json(key, text))
    const ids = await Promise.all(
      [first, second, third].map(async (r) => IngestAnswer.parse(await r.json()).receipt_id),
    )
    expect(new Set(ids).size).toBe(1)
  })

  it('takes an Idempotency-Key for the identity of a batch', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const send = async (body: unknown, id: string) =>
      IngestAnswer.parse(await (await edge.fetch('/v1/events', json(key, body, { 'idempotency-key': id }))).json())
        .receipt_id
    expect(await send([event({ event_id: '1' })], 'x')).toBe(await send([event({ event_id: '2' })], 'x'))
    expect(await send([event({ event_id: '1' })], 'x')).not.toBe(await send([event({ event_id: '1' })], 'y'))
  })

  it('cuts a large batch into parts and sends pointers for large envelopes', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge({ INGEST_JOURNAL: 'large' })
    const noise = () => Array.from(crypto.getRandomValues(new Uint8Array(600)), (b) => b.toString(36)).join('')
    const events = Array.from({ length: 2500 }, () => event({ attributes: { noise: noise() } }))
    const response = await edge.fetch('/v1/events', json(key, { events }))
    expect(response.status).toBe(202)
    const parts = Number(
      IngestAnswer.parse(await response.json())
        .receipt_id?.split('_')
        .at(-1),
    )
    expect(parts).toBeGreaterThan(1)
    expect(edge.sent).toHaveLength(parts)
    for (const message of edge.sent) expect(message.length).toBeLessThan(128_000)
    const headers = edge.sent.map(
      (message) => splitEnvelope(message)?.header as { events: number; pointer?: boolean; journal?: string },
    )
    expect(headers.reduce((sum, h) => sum + h.events, 0)).toBe(2500)
    expect(headers.some((h) => h.pointer)).toBe(true)
    const [object] = edge.journaled
    expect(edge.journaled).toHaveLength(1)
    expect(new Set(headers.filter((h) => h.pointer).map((h) => h.journal))).toEqual(new Set([object?.name]))
    const held = splitSegment(object?.bytes ?? new Uint8Array()) ?? []
    expect(held).toHaveLength(headers.filter((h) => h.pointer).length)
  })

  it('accepts nothing that could not be stored', async () => {
    const { key } = await freshKey()
    const broken = { send: () => Promise.reject(new Error('queue is down')) } as unknown as Queue
    const response = await watchedEdge({ QUEUE_GLOBAL: broken }).fetch('/v1/events', json(key, [event()]))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBeTruthy()
    expect((await problem(response)).detail).not.toContain('queue is down')
  })

  it.each([
    ['no JSON', '{', {}, 400],
    ['a number', '7', {}, 400],
    ['events that are no array', '{"events":7}', {}, 400],
    ['a wrong media type', '<x/>', { 'content-type': 'text/xml' }, 415],
    ['a wrong encoding', '{}', { 'content-encoding': 'br' }, 415],
    ['what is not gzip', '{}', { 'content-encoding': 'gzip' }, 400],
    ['an empty idempotency key', JSON.stringify([event()]), { 'idempotency-key': 'x'.repeat(201) }, 422],
    ['a body over 5 MB', 'x'.repeat(5_000_001), {}, 413],
  ])('refuses %s', async (_, body, headers, status) => {
    const { key } = await freshKey()
    const response = await watchedEdge().fetch('/v1/events', json(key, body, headers))
    expect(response.status).toBe(status)
    expect((await problem(response)).status).toBe(status)
  })

  it('refuses a small body that unpacks to more than 5 MB', async () => {
    const { key } = await freshKey()
    const response = await watchedEdge().fetch('/v1/events', {
      ...json(key, ''),
      body: gzipSync('x'.repeat(6_000_000)),
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    })
    expect(response.status).toBe(413)
  })
})

describe('keys', () => {
  it.each([
    ['Bearer', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['Basic', (key: string) => ({ authorization: `Basic ${btoa(`user:${key}`)}` })],
    ['Basic, as the user', (key: string) => ({ authorization: `Basic ${btoa(`${key}:`)}` })],
    ['Bearer, percent-encoded', (key: string) => ({ authorization: `Bearer%20${key}` })],
    ['a bare Authorization', (key: string) => ({ authorization: key })],
    ['x-api-key', (key: string) => ({ 'x-api-key': key })],
    ['api_key', (key: string) => ({ api_key: key })],
    ['api-key', (key: string) => ({ 'api-key': key })],
    ['Helicone-Auth', (key: string) => ({ 'helicone-auth': `Bearer ${key}` })],
    ['x-api-key, beside the key of a provider', (key: string) => ({ authorization: 'Bearer sk-1', 'x-api-key': key })],
  ])('come as %s', async (_, headers) => {
    const { key } = await freshKey()
    expect(
      (
        await watchedEdge().fetch('/v1/events', {
          method: 'POST',
          headers: { ...headers(key), 'content-type': 'application/json' },
          body: '[]',
        })
      ).status,
    ).toBe(202)
  })

  it.each([
    ['none', async () => '', 401],
    ['nonsense', async () => 'sk-123', 401],
    ['one that does not exist', async () => (await freshKey()).key.replace(/^ao_global/, 'ao_eu'), 401],
    ['an expired one', async () => (await freshKey({ expires_at: 1 })).key, 401],
    ['one without the scope', async () => (await freshKey({}, ['read'])).key, 403],
  ])('refuse %s', async (_, make, status) => {
    const response = await watchedEdge().fetch('/v1/events', json(await make(), []))
    expect(response.status).toBe(status)
    expect((await problem(response)).detail).not.toContain('ao_global_')
  })

  it('route to the cell in their prefix', async () => {
    const { key, record } = await freshKey({ cell: 'eu' })
    const queues = { global: 0, eu: 0 }
    const counting = (cell: 'global' | 'eu') => {
      const send = async () => {
        queues[cell]++
      }
      return { send } as unknown as Queue
    }
    await watchedEdge({ QUEUE_GLOBAL: counting('global'), QUEUE_EU: counting('eu') }).fetch(
      '/v1/events',
      json(key, [event()]),
    )
    expect([record.cell, queues]).toEqual(['eu', { global: 0, eu: 1 }])
  })

  it('are limited by requests, with the time to wait', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge({ INGEST_REQUESTS_PER_10S: '5' })
    const statuses: number[] = []
    let last: Response | null = null
    for (let i = 0; i < 12; i++) {
      last = await edge.fetch('/v1/events', json(key, []))
      statuses.push(last.status)
    }
    expect(statuses).toContain(202)
    expect(statuses.at(-1)).toBe(429)
    expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('are limited across isolates by the location-wide limiter', async () => {
    const { key } = await freshKey()
    const calls: string[] = []
    const limiter = { limit: async ({ key: id }: { key: string }) => ({ success: calls.push(id) < 2 }) }
    const edge = watchedEdge({ INGEST_LIMIT: limiter })
    const statuses: number[] = []
    for (let i = 0; i < 20; i++) statuses.push((await edge.fetch('/v1/events', json(key, []))).status)
    expect(calls).toHaveLength(2)
    expect(statuses.slice(0, 19).every((s) => s === 202)).toBe(true)
    expect(statuses[19]).toBe(429)
  })
})

describe('the front door', () => {
  it('answers health, preflight and methods, with security headers and a request id', async () => {
    const edge = watchedEdge()
    const health = await edge.fetch('/healthz', { headers: { 'x-request-id': 'my-own-id-1' } })
    expect([health.status, health.headers.get('x-request-id'), health.headers.get('x-content-type-options')]).toEqual([
      200,
      'my-own-id-1',
      'nosniff',
    ])
    expect((await edge.fetch('/v1/events', { method: 'OPTIONS' })).headers.get('access-control-allow-origin')).toBe('*')
    const wrong = await edge.fetch('/v1/events', { method: 'GET' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    expect((await edge.fetch('/v1/nothing', {})).status).toBe(404)
  })

  it('sends /api to the api Worker and the rest to the dashboard', async () => {
    const edge = watchedEdge()
    expect((await edge.fetch('/api/v1/me', {})).status).toBe(401)
    expect((await edge.fetch('/api/nothing', {})).status).toBe(404)
  })
})
