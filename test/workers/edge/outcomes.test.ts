import { describe, expect, it } from 'vitest'
import { IngestAnswer } from '../../../workers/contract/batch.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const outcome = (more: Record<string, unknown> = {}) => ({ trace_id: 't1', outcome: 'failure', ...more })
const send = (key: string, body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
})

describe('POST /v1/outcomes', () => {
  it('makes durable events of the good ones and names the others', async () => {
    const { key, record } = await freshKey()
    const edge = watchedEdge()
    const at = Date.now() - 86_400_000
    const response = await edge.fetch(
      '/v1/outcomes',
      send(key, {
        outcomes: [
          outcome({ occurred_at: new Date(at).toISOString(), reason: 'refund for jane@example.com', event_id: 'e1' }),
          outcome({ outcome: 'maybe' }),
          { outcome: 'success' },
          outcome({ trace_id: 'with space' }),
          outcome({ occurred_at: 'yesterday' }),
          outcome({ occurred_at: Date.now() + 86_400_000 }),
          outcome({ occured_at: at }),
          outcome({ reason: 'x'.repeat(201) }),
          'failure',
          null,
          outcome({ trace_id: 't2', outcome: 'success', occurred_at: at, reason: null }),
        ],
      }),
    )
    expect(response.status).toBe(202)
    const answer = IngestAnswer.parse(await response.json())
    expect(answer.accepted).toBe(2)
    expect(answer.rejected).toMatchObject([
      { index: 1, code: 'invalid', pointer: '/outcome' },
      { index: 2, code: 'invalid', pointer: '/trace_id', detail: '"trace_id" is required.' },
      { index: 3, code: 'invalid', pointer: '/trace_id' },
      { index: 4, code: 'timestamp_invalid', pointer: '/occurred_at' },
      { index: 5, code: 'timestamp_out_of_range', pointer: '/occurred_at' },
      { index: 6, code: 'invalid', detail: expect.stringContaining('occured_at') as string },
      { index: 7, code: 'invalid', pointer: '/reason' },
      { index: 8, code: 'invalid' },
      { index: 9, code: 'invalid' },
    ])
    expect(answer.receipt_id).toMatch(new RegExp(`^rct_${record.project_id}_[0-9a-f]{32}_1$`))
    expect(edge.journaled).toHaveLength(1)
    expect(edge.events()).toEqual([
      {
        event_type: 'agent.outcome.revised',
        timestamp: at,
        trace_id: 't1',
        span_id: 'outcome',
        outcome: 'failure',
        event_id: 'e1',
        attributes: { reason: 'refund for [REDACTED:email]' },
      },
      { event_type: 'agent.outcome.revised', timestamp: at, trace_id: 't2', span_id: 'outcome', outcome: 'success' },
    ])
  })

  it.each([
    ['one alone', outcome(), 'application/json', 1],
    ['a bare array', [outcome(), outcome({ trace_id: 't2' })], 'application/json', 2],
    ['lines', `${JSON.stringify(outcome())}\n${JSON.stringify(outcome())}`, 'application/x-ndjson', 2],
    ['none', { outcomes: [] }, 'application/json', 0],
  ])('takes %s, and says when it was where nobody did', async (_, body, type, accepted) => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const before = Date.now()
    const response = await edge.fetch('/v1/outcomes', send(key, body, { 'content-type': type }))
    expect(response.status).toBe(202)
    expect(IngestAnswer.parse(await response.json()).accepted).toBe(accepted)
    for (const event of edge.events()) expect(event.timestamp).toBeGreaterThanOrEqual(before)
  })

  it('the same body is the same batch, and an Idempotency-Key stands apart from that of events', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const receipt = async (path: string, body: unknown, headers: Record<string, string> = {}) =>
      IngestAnswer.parse(await (await edge.fetch(path, send(key, body, headers))).json()).receipt_id
    expect(await receipt('/v1/outcomes', outcome())).toBe(await receipt('/v1/outcomes', outcome()))
    const named = { 'idempotency-key': 'x' }
    const first = await receipt('/v1/outcomes', outcome(), named)
    expect(await receipt('/v1/outcomes', outcome({ outcome: 'success' }), named)).toBe(first)
    const event = { event_type: 'agent.request.completed', timestamp: Date.now(), trace_id: 't', span_id: 's' }
    expect(await receipt('/v1/events', [event], named)).not.toBe(first)
  })

  it('is not open to events that claim to be outcomes', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const event = { event_type: 'agent.outcome.revised', timestamp: Date.now(), trace_id: 't', span_id: 's' }
    const response = await edge.fetch('/v1/events', send(key, [{ ...event, outcome: 'failure' }]))
    expect(IngestAnswer.parse(await response.json())).toMatchObject({
      accepted: 0,
      rejected: [{ index: 0, pointer: '/event_type' }],
    })
    expect(edge.sent).toEqual([])
  })

  it.each([
    ['no JSON', '{', {}, 400],
    ['a number', '7', {}, 400],
    ['outcomes that are no array', '{"outcomes":7}', {}, 400],
    ['a wrong media type', '<x/>', { 'content-type': 'text/xml' }, 415],
    ['an idempotency key that is too long', JSON.stringify(outcome()), { 'idempotency-key': 'x'.repeat(201) }, 422],
    ['a body over 5 MB', 'x'.repeat(5_000_001), {}, 413],
  ])('refuses %s', async (_, body, headers, status) => {
    const { key } = await freshKey()
    const response = await watchedEdge().fetch('/v1/outcomes', send(key, body, headers))
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(Problem.parse(await response.json()).status).toBe(status)
  })

  it('refuses more than ten thousand, keys without scope ingest, other methods, and what could not be stored', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const many = Array.from({ length: 10_001 }, () => outcome())
    expect((await edge.fetch('/v1/outcomes', send(key, many))).status).toBe(413)
    const { key: reader } = await freshKey({}, ['read'])
    expect((await edge.fetch('/v1/outcomes', send(reader, outcome()))).status).toBe(403)
    expect((await edge.fetch('/v1/outcomes', send('ao_global_x', outcome()))).status).toBe(401)
    expect((await edge.fetch('/v1/outcomes', { method: 'GET' })).status).toBe(405)
    const broken = { send: () => Promise.reject(new Error('queue is down')) } as unknown as Queue
    expect((await watchedEdge({ QUEUE_GLOBAL: broken }).fetch('/v1/outcomes', send(key, outcome()))).status).toBe(503)
  })
})
