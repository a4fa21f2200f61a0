import { beforeAll, describe, expect, inject, it } from 'vitest'
import {
  call,
  createProject,
  createTenant,
  postEvents,
  sendEvents,
  signUp,
  until,
  untilApplied,
  type Answer,
  type Session,
} from '../support/harness.ts'
import { askTool, TOOL_PLACES, type Credential } from '../support/mcp.ts'

interface Operation {
  'x-permission'?: string
  'x-public'?: boolean
}
type Tenant = Awaited<ReturnType<typeof createTenant>>

const baseUrl = inject('baseUrl')
const TRACE = '0af7651916cd43dd8448eb211c80319c'
const MARK = 'only-tenant-a-knows-this'
let a: Tenant
let b: Tenant
/** Everything by which tenant A can be recognised. */
let secrets: string[]
let ids: Record<string, string[]>
let operations: { method: string; path: string; op: Operation }[]

beforeAll(async () => {
  ;[a, b] = await Promise.all([createTenant(baseUrl, 'eu'), createTenant(baseUrl, 'eu')])
  const second = await createProject(a.session, a.org.id)
  const at = new Date().toISOString()
  const event = {
    event_type: 'agent.request.completed' as const,
    timestamp: at,
    trace_id: TRACE,
    span_id: 's',
    agent_id: MARK,
    user_id: MARK,
    provider: 'openai',
    model: 'gpt-4o',
    tokens_prompt: 10,
    cost_usd: '0.5',
  }
  const { receipt_id } = await sendEvents(baseUrl, a.key, [event])
  await untilApplied(a.session, receipt_id ?? '')
  const keys = (
    await call<{ data: { id: string }[] }>(a.session, 'GET', `/api/v1/projects/${a.projectId}/keys`)
  ).body.data.map((key) => key.id)
  const made = async (path: string, body: object) =>
    (await call<{ id: string }>(a.session, 'POST', `/api/v1/orgs/${a.org.id}/${path}`, body)).body.id
  const me = (await call<{ user: { id: string } }>(a.session, 'GET', '/api/v1/me')).body.user.id
  const third = await createProject(a.session, a.org.id, 'Deleted')
  await call(a.session, 'DELETE', `/api/v1/projects/${third.id}`)
  const budget = await made('budgets', { name: MARK, scope: { type: 'org' }, period: 'month', limit_usd: '10' })
  const rule = await made('alerts/rules', {
    name: MARK,
    // Of 10 dollars, half a dollar is spent.
    condition: { type: 'budget', budget_id: budget, critical: 1 },
  })
  const incident = await until(async () => {
    const { body } = await call<{ data: { id: string }[] }>(a.session, 'GET', `/api/v1/orgs/${a.org.id}/incidents`)
    return body.data[0]?.id
  })
  const channel = await made('channels', { name: MARK, settings: { type: 'email', to: ['oncall@example.com'] } })
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const soon = { amount_usd: '1', until: later, reason: MARK }
  ids = {
    user: [me],
    invitation: [await made('invitations', { email: 'invited@example.com', role: 'auditor' })],
    budget: [budget],
    rule: [rule],
    incident: [incident],
    channel: [channel],
    delivery: [await made(`channels/${channel}/test`, {})],
    slo: [await made('slos', { name: MARK, indicator: { type: 'success_rate' } })],
    silence: [await made('silences', { rule_id: rule, ends_at: later, reason: MARK })],
    view: [
      await made('views', {
        ...{ kind: 'view', name: MARK, shared: true },
        content: { path: 'operations', query: `user_id=${MARK}` },
      }),
    ],
    report: [
      await made('reports', {
        ...{ name: MARK, zone: 'UTC', format: 'pdf', timing: { every: 'day', hour: 9 } },
        target: { kind: 'view', path: 'operations', query: `user_id=${MARK}` },
      }),
    ],
    extension: [await made(`budgets/${budget}/extensions`, soon)],
    export: [await made('exports', {})],
    repricing: [await made('repricings', { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', dry_run: true })],
    price: [await made('prices', { tool: MARK, call_usd: '0.01' })],
    deleted: [third.id],
    control: [await made('controls', { name: MARK, scope: { type: 'org' }, retries_max: 3 })],
    // Name nothing of anybody.
    breaker: ['brk_0'],
    reservation: ['rsv_0'],
    deletion: ['del_0'],
    erasure: [await made('erasures', { user_id: 'nobody-at-all' })],
    principal: [await made('principals', { name: MARK, role: 'operator' })],
    org: [a.org.id, a.org.slug],
    project: [a.projectId, second.id],
    key: keys,
    trace_id: [TRACE],
    batch_id: [receipt_id?.split('_').at(-2) ?? ''],
    id: [receipt_id ?? ''],
  }
  secrets = [a.org.id, a.org.slug, a.org.default_workspace_id, a.projectId, second.id, ...keys, MARK, a.session.email]
  const document = (
    await call<{ paths: Record<string, Record<string, Operation>> }>(a.session, 'GET', '/api/openapi.json')
  ).body
  operations = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, op]) => ({ method: method.toUpperCase(), path, op })),
  )
}, 60_000)

/** Of an organization or a project, what has an id of its own. */
const PARTS =
  /\{(trace_id|batch_id|key|user|invitation|principal|erasure|export|budget|extension|reservation|control|breaker|rule|silence|slo|channel|view|report|delivery|incident|deleted|deletion|repricing|price)\}/

/** What a route cannot do without. */
const QUERIES: Record<string, string> = {
  '/api/v1/orgs/{org}/compare': '?workflow=w&a=1&b=2',
  '/api/v1/orgs/{org}/prices/catalogue': '?model=gpt-4o',
}

/** Every way to fill a path's parameters with tenant A's ids; `place` stays the caller's own where it is given. */
function filled(path: string, own: Record<string, string> = {}): string[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '')
  return names.reduce<string[]>(
    (paths, name) =>
      paths.flatMap((p) =>
        (own[name] !== undefined ? [own[name]] : (ids[name] ?? [`no example of ${name}`])).map((id) =>
          p.replace(`{${name}}`, encodeURIComponent(id)),
        ),
      ),
    [path + (QUERIES[path] ?? '')],
  )
}

const metricsQuery = () => ({
  kind: 'request',
  measures: ['count', 'cost_usd'],
  dimensions: ['agent_id'],
  from: '2026-01-01T00:00:00Z',
  to: new Date(Date.now() + 60_000).toISOString(),
})

function bodyFor(path: string, method: string): unknown {
  if (method === 'GET' || method === 'DELETE') return undefined
  if (path.endsWith('/metrics/query')) return metricsQuery()
  if (path.endsWith('/metrics/queries')) return { queries: [metricsQuery()] }
  if (path.endsWith('/extensions'))
    return { amount_usd: '1', until: new Date(Date.now() + 60_000).toISOString(), reason: 'x' }
  if (/\/(views|reports)\//.test(path)) return { name: 'Mine now', version: 1 }
  if (path.includes('/prices/')) return { version: 1 }
  if (path.includes('/members/')) return { role: 'developer' }
  return { name: 'Mine now', scopes: ['read'] }
}

function expectNothingOfA({ status, body, headers }: Answer, what: string): void {
  const text = `${JSON.stringify(body)} ${JSON.stringify([...headers])}`
  for (const secret of secrets) expect(text.includes(secret), `${what} (${status}) tells ${secret}`).toBe(false)
}

const asKey = async (key: string, method: string, path: string, body: unknown): Promise<Answer> => {
  const answer = await fetch(baseUrl + path, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, headers: answer.headers, body: text }
}

describe('two tenants', () => {
  it('have an example id for every parameter of every route', () => {
    for (const { path } of operations)
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) expect(ids, path).toHaveProperty(name ?? '')
  })

  it('A reaches its own by every route', async () => {
    for (const { method, path } of operations) {
      if (method !== 'GET' || !path.startsWith('/api/v1/') || path.endsWith('/live')) continue
      // Made when the work is done.
      if (/\/(certificate|download)$/.test(path)) continue
      for (const own of filled(path)) {
        if (own.includes(ids.project?.[1] ?? '?') && /traces\//.test(own)) continue
        expect([(await call(a.session, method, own)).status, own]).toEqual([200, own])
      }
    }
  })

  it('no route lets B reach an id of A, by session or by key; the answer is the one for what does not exist', async () => {
    let tried = 0
    for (const { method, path, op } of operations) {
      if (op['x-permission'] === undefined || !path.includes('{')) continue
      for (const theirs of filled(path)) {
        const body = bodyFor(path, method)
        const bySession = await call(b.session, method, theirs, body)
        const byKey = await asKey(b.key, method, theirs, body)
        // What is a person's own is for no key at all.
        const expected = op['x-permission'] === 'self' ? [404, 403] : [404, 404]
        expect([bySession.status, byKey.status, `${method} ${theirs}`]).toEqual([...expected, `${method} ${theirs}`])
        tried += 2
      }
      for (const mixed of filled(path, { org: b.org.id, project: b.projectId })) {
        if (!PARTS.test(path)) continue
        const answer = await call(b.session, method, mixed, bodyFor(path, method))
        expect([answer.status, mixed]).toEqual([404, mixed])
        expectNothingOfA({ ...answer, body: '' }, mixed)
      }
    }
    expect(tried).toBeGreaterThan(40)
  })

  it('a session of B gets 404 for ids of A and of nobody alike', async () => {
    for (const { method, path, op } of operations) {
      if (op['x-permission'] === undefined || !path.includes('{')) continue
      const [theirs] = filled(path)
      if (!theirs) continue
      const nobody = path
        .replace(/\{org\}/, 'org_nobody')
        .replace(/\{project\}/, 'prj_nobody')
        .replace(/\{id\}/, `rct_prj_nobody_${'0'.repeat(32)}_1`)
        .replace(/\{batch_id\}/, '0'.repeat(32))
        .replace(/\{\w+\}/g, 'nothing')
      const [other, missing] = [
        await call<{ detail: string }>(b.session, method, theirs, bodyFor(path, method)),
        await call<{ detail: string }>(b.session, method, nobody, bodyFor(path, method)),
      ]
      expect([other.status, other.body.detail, path]).toEqual([404, missing.body.detail, path])
      expect(missing.status).toBe(404)
    }
  })

  it('nothing that B reads or lists holds anything of A', async () => {
    for (const { method, path } of operations) {
      if (
        !path.startsWith('/api/') ||
        (method !== 'GET' && !/\/metrics\/quer(y|ies)$/.test(path)) ||
        PARTS.test(path) ||
        /\{id\}|\/live$/.test(path)
      )
        continue
      for (const own of filled(path, { org: b.org.id, project: b.projectId })) {
        const query = own.endsWith('/spend')
          ? `?group_by=agent,user&project=${a.projectId}`
          : own.endsWith('/spend/cache')
            ? `?project=${a.projectId}&project=${b.projectId}&workspace=`
            : own.endsWith('/sessions')
              ? `?project=${a.projectId}`
              : own.includes('/compare?')
                ? `&project=${a.projectId}`
                : ''
        const narrowed = {
          ...metricsQuery(),
          filters: [{ dimension: 'project_id', values: [a.projectId, b.projectId] }],
        }
        const body = own.endsWith('/metrics/query')
          ? narrowed
          : own.endsWith('/metrics/queries')
            ? { queries: [narrowed, narrowed] }
            : undefined
        const answer = await call(b.session, method, own + query, body)
        expect([answer.status, own]).toEqual([200, own])
        expectNothingOfA(answer, own)
      }
    }
  })

  it.each(TOOL_PLACES)('the tool %s knows no id of A when B asks', async (tool, places, more) => {
    const asked: Record<string, string>[] = places.flatMap((p) => (ids[p] ?? []).map((id) => ({ ...more, [p]: id })))
    // Within their own project, what has an id of its own.
    if (more.trace_id !== undefined) asked.push({ ...more, project: b.projectId })
    for (const args of asked)
      for (const by of [{ cookie: b.session.cookie }, { authorization: `Bearer ${b.key}` }] as Credential[])
        expect(await askTool(baseUrl, by, tool, args), JSON.stringify(args)).toMatchObject({
          isError: true,
          text: expect.stringContaining('(not_found)'),
        })
    const general = await askTool(baseUrl, { cookie: b.session.cookie }, more.trace_id ? 'whoami' : tool, {})
    expectNothingOfA({ status: 200, headers: new Headers(), body: general }, tool)
    const own = await askTool(baseUrl, { cookie: a.session.cookie }, tool, { project: a.projectId, ...more })
    expect([general.isError, own.isError], own.text).toEqual([false, false])
  })

  it('the live feed of A is closed to B and to strangers', async () => {
    const path = `/api/v1/projects/${a.projectId}/live`
    const upgrade = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    }
    const attempt = async (headers: Credential) =>
      (await fetch(baseUrl + path, { headers: { ...upgrade, ...headers } }).catch(() => null))?.status ?? 0
    expect([401, 404, 0]).toContain(await attempt({}))
    expect([404, 0]).toContain(await attempt({ cookie: b.session.cookie, origin: baseUrl }))
    expect([404, 0]).toContain(await attempt({ authorization: `Bearer ${b.key}` }))
  })

  it('a key of B writes to B alone, whatever its events claim', async () => {
    const event = { event_type: 'agent.request.completed', timestamp: Date.now(), trace_id: 'x', span_id: 's' }
    const answer = await postEvents(baseUrl, b.key, [
      { ...event, org_id: a.org.id },
      { ...event, project_id: a.projectId },
      event,
    ])
    expect(answer.body).toMatchObject({
      accepted: 1,
      rejected: [{ code: 'tenant_mismatch' }, { code: 'tenant_mismatch' }],
    })
  })

  it('a stranger reaches nothing', async () => {
    const stranger: Session = { ...(await signUp(baseUrl)), cookie: '' }
    for (const { method, path, op } of operations) {
      if (op['x-permission'] === undefined) continue
      const [theirs] = filled(path)
      expect([(await call(stranger, method, theirs ?? path, bodyFor(path, method))).status, path]).toEqual([401, path])
    }
  })
})
