import { describe, expect, it } from 'vitest'
import type { bindings } from '../../support/edge-ingest.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const point = (ms: number, value: number, type: string) => ({
  startTimeUnixNano: `${ms - 1000}000000`,
  timeUnixNano: `${ms}000000`,
  asDouble: value,
  attributes: [
    { key: 'model', value: { stringValue: 'claude-sonnet-5' } },
    { key: 'type', value: { stringValue: type } },
  ],
})
const request = (name: string, ...dataPoints: ReturnType<typeof point>[]) =>
  JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'claude-code' } }] },
        scopeMetrics: [
          {
            scope: { name: 'com.anthropic.claude_code' },
            metrics: [{ name, sum: { dataPoints, aggregationTemporality: 1, isMonotonic: true } }],
          },
        ],
      },
    ],
  })

describe('POST /v1/metrics', () => {
  it.each(['/v1/metrics', '/api/public/otel/v1/metrics', '/otel/v1/metrics'])(
    '%s: takes counters of tokens, and counts points that tell nothing',
    async (path) => {
      const { key } = await freshKey()
      const send = (body: string) =>
        watchedEdge().fetch(path, {
          method: 'POST',
          headers: { 'x-api-key': key, 'content-type': 'application/json' },
          body,
        })
      const taken = await send(request('claude_code.token.usage', point(Date.now(), 233, 'input')))
      expect([taken.status, await taken.json(), taken.headers.get('x-left-out')]).toEqual([200, {}, null])
      const other = await send(request('http.server.duration', point(Date.now(), 1, 'x'), point(Date.now(), 2, 'y')))
      expect([other.status, await other.json(), other.headers.get('x-left-out')]).toEqual([200, {}, '2'])
    },
  )

  it('says how many points it refused', async () => {
    const { key } = await freshKey()
    const init = { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } }
    const body = request('claude_code.token.usage', point(5000, 1, 'input'), point(5000, 2, 'output'))
    expect(await (await watchedEdge().fetch('/v1/metrics', { ...init, body })).json()).toEqual({
      partialSuccess: { rejectedDataPoints: '2', errorMessage: expect.stringMatching(/^data point 0: \/timestamp/) },
    })
  })

  it('answers 503 where it cannot keep what was counted, so that the client sends it again', async () => {
    const { key } = await freshKey()
    const broken = { getByName: () => ({ meter: () => Promise.reject(new Error('not there')) }) }
    const edge = watchedEdge({ LIVE_FEED: broken as unknown as typeof bindings.LIVE_FEED })
    const response = await edge.fetch('/v1/metrics', {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: request('claude_code.token.usage', point(Date.now(), 233, 'input')),
    })
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2'])
  })

  it.each([
    ['no protobuf', 'application/x-protobuf', new Uint8Array([255, 255, 255]), 400],
    ['JSON of another shape', 'application/json', '{"resourceMetrics":7}', 400],
    ['another media type', 'text/plain', 'x', 415],
    ['nothing, in JSON', 'application/json', '{}', 200],
    ['nothing, in protobuf', 'application/x-protobuf', new Uint8Array(), 200],
  ])('%s', async (_, type, body, status) => {
    const { key } = await freshKey()
    const headers = { 'content-type': type, authorization: `Bearer ${key}` }
    expect((await watchedEdge().fetch('/v1/metrics', { method: 'POST', headers, body })).status).toBe(status)
  })
})
