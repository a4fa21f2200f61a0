import { describe, expect, it } from 'vitest'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'

const attribute = (key: string, value: string | number) => ({
  key,
  value: typeof value === 'string' ? { stringValue: value } : { intValue: String(value) },
})
const record = (ms: number, name: string, more: Record<string, string | number> = {}) => ({
  timeUnixNano: `${ms}000000`,
  body: { stringValue: `claude_code.${name}` },
  attributes: Object.entries({ 'session.id': SESSION, 'event.name': name, ...more }).map(([key, value]) =>
    attribute(key, value),
  ),
})
const SESSION = 'f8fdb575-738a-4f7e-90c5-f6c00c157fb6'
const usage = { model: 'claude-sonnet-5', input_tokens: 233, output_tokens: 38, cache_read_tokens: 128 }
const request = (...logRecords: ReturnType<typeof record>[]) =>
  JSON.stringify({
    resourceLogs: [
      {
        resource: { attributes: [attribute('service.name', 'claude-code')] },
        scopeLogs: [{ scope: { name: 'com.anthropic.claude_code.events' }, logRecords }],
      },
    ],
  })

describe('POST /v1/logs', () => {
  it.each([
    ['/v1/logs', (key: string) => ({ authorization: `Bearer ${key}` })],
    ['/api/public/otel/v1/logs', (key: string) => ({ authorization: `Basic ${btoa(`pk:${key}`)}` })],
    ['/otel/v1/logs', (key: string) => ({ 'x-api-key': key })],
  ])('%s: takes calls and tools, and counts what tells nothing', async (path, credentials) => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const response = await edge.fetch(path, {
      method: 'POST',
      headers: { ...credentials(key), 'content-type': 'application/json' },
      body: request(
        record(Date.now(), 'api_request', usage),
        record(Date.now(), 'tool_result', { tool_name: 'Read', success: 'true' }),
        record(Date.now(), 'hook_registered'),
      ),
    })
    expect([response.status, await response.json(), response.headers.get('x-left-out')]).toEqual([200, {}, '1'])
    expect(edge.events().map((e) => [e.event_type, e.session_id, e.tokens_prompt, e.tool_name])).toEqual([
      ['agent.step.completed', SESSION, 361, undefined],
      ['agent.tool.called', SESSION, undefined, 'Read'],
    ])
  })

  it('says which record it refused, and keeps its neighbours', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const init = { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } }
    const body = request(record(1000, 'api_request', usage), record(Date.now(), 'api_request', usage))
    const response = await edge.fetch('/v1/logs', { ...init, body })
    expect(await response.json()).toEqual({
      partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringMatching(/^log record 0: \/timestamp/) },
    })
    expect(edge.events()).toHaveLength(1)
  })

  it.each([
    ['no protobuf', 'application/x-protobuf', new Uint8Array([255, 255, 255]), 400],
    ['JSON of another shape', 'application/json', '{"resourceLogs":7}', 400],
    ['another media type', 'text/plain', 'x', 415],
    ['a body without a key', 'application/json', '{}', 401],
  ])('refuses %s', async (what, type, body, status) => {
    const { key } = await freshKey()
    const headers = { 'content-type': type, ...(!what.includes('key') && { authorization: `Bearer ${key}` }) }
    const response = await watchedEdge().fetch('/v1/logs', { method: 'POST', headers, body })
    expect([response.status, response.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
  })

  it('answers a request of nothing in kind', async () => {
    const { key } = await freshKey()
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/x-protobuf' }
    const response = await watchedEdge().fetch('/v1/logs', { method: 'POST', headers, body: new Uint8Array() })
    expect([response.status, (await response.arrayBuffer()).byteLength]).toEqual([200, 0])
  })
})
