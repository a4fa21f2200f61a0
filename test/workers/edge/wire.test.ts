import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Problem } from '../../../workers/contract/problem.ts'
import { freshKey, watchedEdge } from '../../support/edge-ingest.ts'
import {
  ago,
  basic,
  bearer,
  CALL,
  json,
  METADATA,
  OWN_FORM,
  PATHS,
  run,
  USAGE,
  xKey,
} from '../../support/wire-calls.ts'

describe('clients of other protocols', () => {
  it('are told whose key they have, and get a token for it', async () => {
    const { key, record } = await freshKey()
    const edge = watchedEdge()
    const post = (path: string, headers: Record<string, string>, body: unknown) =>
      edge.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
    const { org_id, project_id } = record
    const login = await post('/api/apikey/login', bearer(key), {})
    const { org_info } = await login.json<{ org_info: unknown }>()
    expect(org_info).toMatchObject([{ id: org_id, api_url: expect.stringMatching(/^https?:/) }])
    const project = await post('/api/project/register', bearer(key), { project_name: 'mine' })
    expect(await project.json()).toEqual({ org_id, project: { id: project_id, org_id, name: 'mine' } })
    const token = await post('/v3/auth/token', {}, { api_key: key })
    expect(await token.json()).toMatchObject({ token: key, project_id })
    for (const [path, body, status] of [
      ['/api/apikey/login', {}, 401],
      ['/api/project/register', { project_name: 'mine' }, 401],
      ['/v3/auth/token', { api_key: 'ao_global_0_none' }, 401],
      ['/v3/auth/token', {}, 422],
      ['/v3/auth/token', [], 400],
    ] as const) {
      const refused = await post(path, {}, body)
      expect([path, refused.status]).toEqual([path, status])
      expect(Problem.safeParse(await refused.json()).success).toBe(true)
    }
  })

  it.each([
    ['/runs', 202, { message: 'Runs batch ingested' }],
    ['/runs/batch', 202, { message: 'Runs batch ingested' }],
    [
      '/api/public/ingestion',
      207,
      {
        successes: [
          { id: 'e1', status: 201 },
          { id: 'e2', status: 201 },
        ],
        errors: [],
      },
    ],
    ['/v1/traces/ingest', 204, null],
    ['/v1/runs/ingest', 200, { results: [{ success: true }, { success: true }] }],
    ['/v1/litellm', 200, { accepted: 1, rejected: [] }],
    ['/batch/', 200, { status: 1 }],
  ] as const)('are answered at %s as by their own backend, also gzipped', async (path, status, answer) => {
    const { key, record } = await freshKey()
    const edge = watchedEdge()
    const id = crypto.randomUUID()
    const headers = { ...OWN_FORM[path](key), 'content-type': 'application/json' }
    const body = JSON.stringify(CALL[path](id))
    const zipped = { method: 'POST', headers: { ...headers, 'content-encoding': 'gzip' }, body: gzipSync(body) }
    const response = await edge.fetch(path, zipped)
    expect(response.status).toBe(status)
    expect(response.status === 204 ? null : await response.json()).toEqual(answer)
    expect(response.headers.get('x-receipt-id')).toMatch(new RegExp(`^rct_${record.project_id}_`))
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    const call = edge.events().find((event) => event.event_type === 'agent.step.completed')
    expect(call).toMatchObject({
      trace_id: id,
      model: 'gpt-4o',
      tokens_prompt: 450,
      tokens_completion: 39,
      user_id: 'u-1',
    })
    expect(call?.latency_ms).toBeGreaterThanOrEqual(490)
    expect(edge.events().filter((event) => event.event_type === 'agent.request.completed')).toHaveLength(1)
    // Sent again, it says nothing new.
    const sent = edge.sent.length
    expect((await edge.fetch(path, { method: 'POST', headers, body })).status).toBe(status)
    expect(edge.sent).toHaveLength(sent)
  })

  it.each(PATHS)('need a key at %s, and none of another scope', async (path) => {
    const body = CALL[path]('t')
    const { key } = await freshKey({}, ['read'])
    for (const [headers, status] of [
      [{}, 401],
      [bearer('sk-other'), 401],
      [basic('nothing'), 401],
      [xKey(key), 403],
    ] as const) {
      const response = await watchedEdge().fetch(path, json(headers, body))
      expect(response.status).toBe(status)
      Problem.parse(await response.json())
    }
  })

  it.each(PATHS)('write at %s into the project and the cell of their key alone', async (path) => {
    const [mine, other] = [await freshKey({ cell: 'eu' }), await freshKey()]
    const queues: string[] = []
    const queue = (cell: string) => ({ send: async () => void queues.push(cell) }) as unknown as Queue
    const edge = watchedEdge({ QUEUE_EU: queue('eu'), QUEUE_GLOBAL: queue('global'), QUEUE_US: queue('us') })
    const id = crypto.randomUUID()
    // Of a trace of the same id in another project nothing is known here, so nothing is taken for told.
    await edge.fetch(path, json(OWN_FORM[path](mine.key), CALL[path](id)))
    await edge.fetch(path, json(OWN_FORM[path](other.key), CALL[path](id)))
    expect(queues).toEqual(['eu', 'global'])
  })

  it.each(PATHS)('are told at %s of another method', async (path) => {
    const preflight = await watchedEdge().fetch(path, { method: 'OPTIONS' })
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
    if (!/^\/(v1|api)\//.test(path)) return
    expect((await watchedEdge().fetch(path, { method: 'GET' })).status).toBe(405)
  })

  it.each(PATHS)('keep content from %s only where the project does', async (path) => {
    const told = JSON.stringify(CALL[path](crypto.randomUUID())).replaceAll(
      /"(model|name|runId|\$ai_model)":/g,
      '"input":"SECRET-PROMPT","inputs":{"q":"SECRET-PROMPT"},"messages":"SECRET-PROMPT","$$ai_input":"SECRET-PROMPT","$1":',
    )
    for (const keep_content of [false, true]) {
      const { key } = await freshKey({ keep_content })
      const edge = watchedEdge()
      await edge.fetch(path, json(OWN_FORM[path](key), told))
      expect(edge.events().length).toBeGreaterThan(0)
      expect(JSON.stringify(edge.events()).includes('SECRET-PROMPT')).toBe(keep_content)
    }
  })
})

describe('runs that come in several requests', () => {
  it('has the model of its start, the usage of its end, and is paid once', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const [trace, id] = [crypto.randomUUID(), crypto.randomUUID()]
    const send = (type: string, body: Record<string, unknown>) =>
      edge.fetch('/api/public/ingestion', json(basic(key), { batch: [{ id: type, type, timestamp: ago(100), body }] }))
    await send('trace-create', { id: trace, name: 'flow', userId: 'u-9', sessionId: 's-9' })
    await send('generation-create', { id, traceId: trace, name: 'call', model: 'gpt-4o', startTime: ago(900) })
    await send('generation-update', { id, traceId: trace, endTime: ago(500) })
    await send('generation-update', { id, traceId: trace, usage: { input: 450, output: 39, total: 489 } })
    await send('generation-update', { id, traceId: trace, usage: { input: 450, output: 39, total: 489 } })
    const events = edge.events()
    expect(events.map((e) => [e.event_type, e.span_id === id ? 'call' : 'trace', e.tokens_total])).toEqual([
      ['agent.request.started', 'trace', undefined],
      ['agent.step.started', 'call', undefined],
      ['agent.step.completed', 'call', undefined],
      ['agent.request.completed', 'trace', undefined],
      ['agent.step.completed', 'call', 489],
    ])
    expect(
      events.slice(1).every((e) => e.user_id === 'u-9' && e.session_id === 's-9' && e.workflow_id === 'flow'),
    ).toBe(true)
    expect(events.at(-1)).toMatchObject({ model: 'gpt-4o', event_id: `langfuse/${id}/paid` })
  })

  it('is patched by its id, before and after it is posted', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const [early, late] = [crypto.randomUUID(), crypto.randomUUID()]
    const patch = { end_time: Date.now() - 100, extra: { metadata: { usage_metadata: USAGE } }, outputs: {} }
    const start = (id: string) => ({ ...run(id), end_time: undefined, extra: { metadata: METADATA } })
    const sent = [
      await edge.fetch(`/runs/${early}`, json(xKey(key), { ...patch, trace_id: early }, 'PATCH')),
      await edge.fetch('/runs', json(xKey(key), start(early))),
      await edge.fetch('/runs', json(xKey(key), start(late))),
      await edge.fetch(`/runs/${late}`, json(xKey(key), { ...patch, trace_id: late, run_type: 'llm' }, 'PATCH')),
    ]
    expect(sent.map(({ status }) => status)).toEqual([202, 202, 202, 202])
    const calls = edge.events().filter((e) => e.tokens_total !== undefined)
    expect(calls.map((e) => [e.span_id, e.model, e.tokens_prompt])).toEqual([
      [early, 'gpt-4o', 450],
      [late, 'gpt-4o', 450],
    ])
  })

  it('is sent again after it could not be stored', async () => {
    const { key } = await freshKey()
    const broken = { send: () => Promise.reject(new Error('queue is down')) } as unknown as Queue
    const body = CALL['/runs/batch'](crypto.randomUUID())
    const failed = await watchedEdge({ QUEUE_GLOBAL: broken }).fetch('/runs/batch', json(xKey(key), body))
    expect([failed.status, failed.headers.has('retry-after')]).toEqual([503, true])
    const edge = watchedEdge()
    await edge.fetch('/runs/batch', json(xKey(key), body))
    expect(edge.events()).toHaveLength(2)
  })
})

describe('LangSmith', () => {
  it('learns what it may send, and the dashboard keeps its pages', async () => {
    const info = await watchedEdge().fetch('/info', { headers: { accept: 'application/json' } })
    expect(await info.json()).toMatchObject({ batch_ingest_config: { use_multipart_endpoint: true, size_limit: 100 } })
    for (const [path, accept] of [
      ['/info', 'text/html'],
      ['/runs', 'text/html'],
    ] as const) {
      const page = await watchedEdge().fetch(path, { headers: { accept } })
      expect([page.status, page.headers.get('content-type') ?? ''].join(' ')).not.toContain('json')
    }
  })

  it('sends runs as a form with a part for each large field', async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const id = crypto.randomUUID()
    const { extra, ...own } = run(id)
    const form = new FormData()
    form.set(`post.${id}`, new Blob([JSON.stringify(own)], { type: 'application/json' }))
    form.set(`post.${id}.extra`, new Blob([JSON.stringify(extra)], { type: 'application/json' }))
    form.set(`post.${id}.outputs`, JSON.stringify({ model: 'gpt-4o-2024-08-06' }))
    form.set(`attachment.${id}.file`, new Blob(['x']))
    const response = await edge.fetch('/runs/multipart', { method: 'POST', headers: xKey(key), body: form })
    expect(response.status).toBe(202)
    expect(edge.events()[0]).toMatchObject({ model: 'gpt-4o-2024-08-06', provider: 'openai', tokens_prompt: 450 })
  })
})

describe('keys that are in no header', () => {
  it("are PostHog's, in the body", async () => {
    const { key, record } = await freshKey()
    const edge = watchedEdge()
    const batch = CALL['/batch/'](crypto.randomUUID())
    for (const path of ['/batch', '/batch/', '/i/v0/e/', '/capture/']) {
      const body = path.startsWith('/batch') ? { api_key: key, ...batch } : { api_key: key, ...batch.batch[0] }
      const response = await edge.fetch(path, json({}, body))
      expect([path, response.status, await response.json()]).toEqual([path, 200, { status: 1 }])
    }
    expect(edge.sent).toHaveLength(1)
    expect(edge.events()[0]).toMatchObject({ event_type: 'agent.step.completed', user_id: 'u-1' })
    expect(record.key_id).not.toBe('')
    expect((await edge.fetch('/batch/', json({}, { api_key: 7, batch: [] }))).status).toBe(401)
  })

  it("are Sentry's, in the query of the address that its DSN makes", async () => {
    const { key } = await freshKey()
    const edge = watchedEdge()
    const span = {
      ...{ trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16), name: 'chat gpt-4o', status: 'ok' },
      ...{ start_timestamp: Date.now() / 1000 - 1, end_timestamp: Date.now() / 1000 - 0.5 },
      attributes: {
        'gen_ai.operation.name': { value: 'chat', type: 'string' },
        'gen_ai.request.model': { value: 'gpt-4o', type: 'string' },
        'gen_ai.usage.input_tokens': { value: 450, type: 'integer' },
      },
    }
    const body = ['{"sent_at":"x"}', '{"type":"span"}', JSON.stringify({ items: [span] })].join('\n')
    const at = (credential: string) => `/api/42/envelope/?sentry_version=7&sentry_key=${credential}`
    const sent = await edge.fetch(at(key), { method: 'POST', body })
    expect([sent.status, edge.events()[0]?.tokens_prompt]).toEqual([200, 450])
    expect((await edge.fetch(at('x'), { method: 'POST', body })).status).toBe(401)
    for (const bad of ['', 'x', '{}\nx', '[]', `{}\n{"type":"span"}\n${'['.repeat(50_000)}`])
      expect((await edge.fetch(at(key), { method: 'POST', body: bad })).status).toBeLessThan(500)
  })
})

it("takes Helicone's manual log, in the trace of its session", async () => {
  const { key } = await freshKey()
  const edge = watchedEdge()
  const moment = (ms: number) => ({ seconds: Math.floor(ms / 1000), milliseconds: ms % 1000 })
  const log = {
    providerRequest: { url: 'x', json: { model: 'gpt-4o', messages: [] }, meta: {} },
    providerResponse: { status: 200, json: { id: 'x', usage: { prompt_tokens: 450, completion_tokens: 39 } } },
    timing: { startTime: moment(Date.now() - 1000), endTime: moment(Date.now() - 500) },
  }
  const headers = { ...bearer(key), 'Helicone-Session-Id': 's-1', 'Helicone-User-Id': 'u-1' }
  expect((await edge.fetch('/custom/v1/log', json(headers, log))).status).toBe(200)
  expect(edge.events()[0]).toMatchObject({ trace_id: 's-1', user_id: 'u-1', tokens_total: 489 })
  for (const bad of ['', '7', '[]', '{}']) {
    const response = await edge.fetch('/custom/v1/log', json(headers, bad))
    expect([400, 422]).toContain(response.status)
  }
})
