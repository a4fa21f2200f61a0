import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'
import { encodeSpans } from '../../support/otlp-encode.ts'

const nowNs = () => `${Date.now()}000000`
const span = (more: { spanId?: string; startTimeUnixNano?: string; endTimeUnixNano?: string } = {}) => ({
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  name: 'chat gpt-4o',
  kind: 3,
  startTimeUnixNano: nowNs(),
  endTimeUnixNano: nowNs(),
  attributes: [
    { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } },
    { key: 'gen_ai.provider.name', value: { stringValue: 'openai' } },
    { key: 'gen_ai.request.model', value: { stringValue: 'gpt-4o' } },
    { key: 'gen_ai.usage.input_tokens', value: { intValue: '450' } },
  ],
  ...more,
})
const request = (...spans: ReturnType<typeof span>[]) => ({
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'support' } }] },
      scopeSpans: [{ scope: { name: 'test' }, spans }],
    },
  ],
})

describe('POST /v1/traces', () => {
  it.each([
    ['JSON', 'application/json', (json: ReturnType<typeof request>) => JSON.stringify(json), false],
    ['protobuf', 'application/x-protobuf', encodeSpans, false],
    ['JSON, gzip', 'application/json', (json: ReturnType<typeof request>) => JSON.stringify(json), true],
    ['protobuf, gzip', 'application/x-protobuf', encodeSpans, true],
  ] as const)('takes %s and answers in kind', async (_, type, encode, zipped) => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const body = encode(request(span()))
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': type,
      ...(zipped && { 'content-encoding': 'gzip' }),
    }
    const response = await edge.fetch('/v1/traces', { method: 'POST', headers, body: zipped ? gzipSync(body) : body })
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type])
    expect(type === 'application/json' ? await response.json() : (await response.arrayBuffer()).byteLength).toEqual(
      type === 'application/json' ? {} : 0,
    )
    expect(edge.events().map((e) => [e.event_type, e.agent_id, e.tokens_prompt])).toEqual([
      ['agent.step.completed', 'support', 450],
      ['agent.request.completed', 'support', undefined],
    ])
  })

  it.each([
    [
      'Langfuse 5',
      '/api/public/otel/v1/traces',
      (key: string) => ({ authorization: `Basic ${btoa(`pk-lf-1:${key}`)}` }),
    ],
    ['LangSmith', '/otel/v1/traces', (key: string) => ({ 'x-api-key': key })],
  ] as const)('is also where %s looks for it', async (_, path, credentials) => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const headers = { ...credentials(key), 'content-type': 'application/json' }
    const response = await edge.fetch(path, { method: 'POST', headers, body: JSON.stringify(request(span())) })
    expect([response.status, await response.json()]).toEqual([200, {}])
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(edge.events()).toHaveLength(2)
    const unknown = await edge.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    })
    expect(unknown.status).toBe(401)
  })

  it('says which spans it refused and keeps the others', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const old = span({ spanId: '00f067aa0ba902b8', startTimeUnixNano: '1000000000', endTimeUnixNano: '1000000000' })
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
    const response = await edge.fetch('/v1/traces', {
      method: 'POST',
      headers,
      body: JSON.stringify(request(old, span())),
    })
    expect(await response.json()).toMatchObject({
      partialSuccess: { rejectedSpans: '1', errorMessage: expect.stringContaining('/timestamp') as string },
    })
    expect(edge.events()).toHaveLength(2)
    const proto = await edge.fetch('/v1/traces', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf' },
      body: encodeSpans(request(old)),
    })
    // ExportTraceServiceResponse { partial_success { rejected_spans: 1 … } }
    expect([...new Uint8Array(await proto.arrayBuffer())].slice(2, 4)).toEqual([0x08, 1])
  })

  it.each([
    ['bytes that are no protobuf', 'application/x-protobuf', new Uint8Array([255, 255, 255]), 400],
    ['what is no JSON', 'application/json', '{', 400],
    ['JSON of another shape', 'application/json', '{"resourceSpans":7}', 400],
    ['another media type', 'text/plain', 'x', 415],
  ])('refuses %s', async (_, type, body, status) => {
    const { key } = await freshKey()
    expect(
      (
        await watchedEdge().fetch('/v1/traces', {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': type },
          body,
        })
      ).status,
    ).toBe(status)
  })
})
