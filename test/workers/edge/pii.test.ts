import { describe, expect, it } from 'vitest'
import { splitSegment } from '../../../workers/domain/envelope.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'
import { encodeSpans } from '../../support/otlp-encode.ts'
import { PLANTED, plantedIn } from '../../support/planted.ts'

const nowNs = () => `${Date.now()}000000`
const event = {
  event_type: 'agent.tool.failed',
  trace_id: 't',
  span_id: 's',
  input: { messages: [{ role: 'user', content: PLANTED }], [PLANTED]: 1 },
  output: PLANTED,
  error_message: PLANTED,
}
const string = (key: string, value: string) => ({ key, value: { stringValue: value } })
const spans = () => ({
  resourceSpans: [
    {
      resource: { attributes: [] },
      scopeSpans: [
        {
          scope: { name: 'test' },
          spans: [
            {
              traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
              spanId: '00f067aa0ba902b7',
              name: 'chat gpt-4o',
              startTimeUnixNano: nowNs(),
              endTimeUnixNano: nowNs(),
              status: { code: 2, message: PLANTED },
              attributes: [
                string('gen_ai.operation.name', 'chat'),
                string('gen_ai.input.messages', JSON.stringify([{ content: PLANTED }])),
                string('gen_ai.output.messages', PLANTED),
              ],
            },
          ],
        },
      ],
    },
  ],
})
const requests: [string, string, string, () => BodyInit][] = [
  ['events', '/v1/events', 'application/json', () => JSON.stringify([{ ...event, timestamp: Date.now() }])],
  ['events in lines', '/v1/events', 'application/x-ndjson', () => JSON.stringify({ ...event, timestamp: Date.now() })],
  ['OTLP as JSON', '/v1/traces', 'application/json', () => JSON.stringify(spans())],
  ['OTLP as protobuf', '/v1/traces', 'application/x-protobuf', () => encodeSpans(spans())],
]

async function send(keepContent: boolean, path: string, type: string, body: () => BodyInit) {
  const { key } = await freshKey({ keep_content: keepContent })
  const edge = watchedEdge()
  const headers = { authorization: `Bearer ${key}`, 'content-type': type }
  const response = await edge.fetch(path, { method: 'POST', headers, body: body() })
  expect(response.ok).toBe(true)
  const answer = new Uint8Array(await response.arrayBuffer())
  const segments = edge.journaled.flatMap(({ bytes }) => splitSegment(bytes) ?? [bytes])
  expect(edge.sent.length * segments.length).toBeGreaterThan(0)
  return { edge, stored: [...edge.sent, ...segments, answer] }
}

describe('planted secrets', () => {
  it.each(requests)('are in the %s that are sent', (_, _path, _type, body) => {
    const bytes = new TextEncoder().encode(typeof body() === 'string' ? (body() as string) : '')
    if (bytes.length > 0) expect(plantedIn(bytes).length).toBeGreaterThan(15)
  })

  it.each(requests)('reach neither queue nor journal where content is kept: %s', async (_, path, type, body) => {
    const { edge, stored } = await send(true, path, type, body)
    expect(stored.flatMap(plantedIn)).toEqual([])
    const [first] = edge.events()
    expect(JSON.stringify(first)).toContain('begin [REDACTED:email] ; [REDACTED:phone] ; [REDACTED:card]')
    const places = { email: 2, private_key: 2, aws_key: 2, github_token: 2, jwt: 2 }
    for (const [type, least] of Object.entries(places)) {
      expect((first?.pii_redacted as Record<string, number>)[type]).toBeGreaterThanOrEqual(least)
    }
    expect(first?.pii_detected).toEqual(first?.pii_redacted)
  })

  it.each(requests)('nor where it is not, and nothing of content at all: %s', async (_, path, type, body) => {
    const { edge, stored } = await send(false, path, type, body)
    expect(stored.flatMap(plantedIn)).toEqual([])
    for (const one of edge.events()) {
      expect(JSON.stringify(one)).not.toMatch(/REDACTED|begin/)
      expect(one.pii_redacted).toBeUndefined()
    }
  })
})
