import { describe, expect, it } from 'vitest'
import { Problem } from '../../../workers/contract/problem.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'
import { basic, CALL, json, run, xKey } from '../../support/wire-calls.ts'

describe('bodies that no client should send', () => {
  const deep = '['.repeat(50_000)
  const bodies = (list: string): [string, string][] => [
    ['nothing', ''],
    ['no JSON', '{'],
    ['null', 'null'],
    ['a number', '7'],
    ['text', '"x"'],
    ['an array', '[]'],
    ['an array of nothing', '[null,1,"x",[],{}]'],
    ['another shape', '{"a":1}'],
    ['a list that is none', `{"${list}":7}`],
    ['an empty list', `{"${list}":[]}`],
    ['a list of nothing', `{"${list}":[null,1,"x",[],{},{"body":{}},{"body":{"id":{}}},{"id":[]}]}`],
    [
      'fields of other types',
      `{"${list}":[{"id":{},"runId":[],"type":7,"event":{},"object":null,"body":7,"timestamp":{}}]}`,
    ],
    [
      'odd ids',
      `{"${list}":[{"id":"${'x'.repeat(300)}","runId":"\\ud800","type":"llm","event":"start","timestamp":1e300,"object":"trace"}]}`,
    ],
    ['odd names', `{"${list}":[{"__proto__":{"id":"x"},"constructor":"x","id":"__proto__","runId":"toString"}]}`],
    ['something deep', deep],
    ['a list of something deep', `{"${list}":[${deep}`],
    ['bytes', '\u0000\u0001\ud800'],
  ]
  it.each([
    ['/runs', 'post', {}],
    ['/runs/x', 'post', {}],
    ['/runs/%ff', 'post', {}],
    ['/runs/batch', 'post', {}],
    ['/runs/batch', 'patch', {}],
    ['/runs/multipart', 'post', {}],
    ['/runs/multipart', 'post', { 'content-type': 'multipart/form-data' }],
    ['/runs/multipart', 'post', { 'content-type': 'multipart/form-data; boundary=x' }],
    ['/api/public/ingestion', 'batch', {}],
    ['/v1/traces/ingest', 'data', {}],
    ['/v1/runs/ingest', 'events', {}],
    ['/v1/litellm', 'id', {}],
    ['/batch/', 'batch', {}],
    ['/custom/v1/log', 'timing', {}],
  ] as const)('are refused at %s (%s) and say why', async (path, list, headers) => {
    const { key } = await freshKey()
    const method = /^\/runs\/(x|%ff)$/.test(path) ? 'PATCH' : 'POST'
    for (const [name, body] of bodies(list)) {
      const response = await watchedEdge().fetch(path, json({ ...xKey(key), ...headers }, body, method))
      expect([name, response.status < 500]).toEqual([name, true])
      const told = await response.text()
      if (response.status >= 400) Problem.parse(JSON.parse(told))
    }
  })

  it.each([
    ['/runs/batch', 'post'],
    ['/api/public/ingestion', 'batch'],
    ['/v1/traces/ingest', 'data'],
    ['/v1/runs/ingest', 'events'],
    ['/batch/', 'batch'],
  ])('are bounded at %s', async (path, list) => {
    const { key } = await freshKey()
    const many = await watchedEdge().fetch(path, json(xKey(key), `{"${list}":[${'{},'.repeat(10_000)}{}]}`))
    expect(many.status).toBe(413)
    const large = await watchedEdge().fetch(path, json(xKey(key), `{"${list}":["${'x'.repeat(5_000_000)}"]}`))
    expect(large.status).toBe(413)
  })

  it('keep their good neighbours', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const id = crypto.randomUUID()
    const old = run('old', { start_time: '1999-01-01T00:00:00Z', end_time: 915_148_800_000 })
    const response = await edge.fetch('/runs/batch', json(xKey(key), { post: [{}, run(id), old] }))
    expect(await response.json()).toMatchObject({
      rejected: [
        { index: 0, pointer: '/id' },
        { index: 2, code: 'timestamp_out_of_range', pointer: '/timestamp' },
      ],
    })
    expect(edge.events().map((event) => event.trace_id)).toEqual([id, id])
    const none = await edge.fetch('/runs/batch', json(xKey(key), { post: [{}, old] }))
    expect([none.status, Problem.parse(await none.json()).errors?.[0]?.pointer]).toEqual([422, '/0/id'])
    const mixed = CALL['/api/public/ingestion'](crypto.randomUUID())
    const batch = [...mixed.batch, { id: 'e3', type: 'nonsense', body: {} }, { id: 'e4', type: 'span-create' }]
    const told = await edge.fetch('/api/public/ingestion', json(basic(key), { batch }))
    expect(await told.json()).toMatchObject({
      successes: [{ id: 'e1' }, { id: 'e2' }],
      errors: [{ id: 'e3' }, { id: 'e4' }],
    })
  })
})
