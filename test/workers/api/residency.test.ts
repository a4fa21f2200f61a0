import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { recordingEnv } from '../../support/recording.ts'
import { bindings, call, makeKey, makeTenant, nobody, ORIGIN, type Caller } from '../../support/api.ts'
import api from '../../../workers/api/index.ts'

/** What people name in a query of telemetry: none of it is for the control database, let alone another cell. */
const MARK = 'only-known-in-its-region'
const CONTROL = ['CONTROL', 'KEYS']
const OBJECTS = ['LIVE_FEED', 'TENANT_BUDGET', 'TENANT_AUDIT', 'ORG_ALERTS', 'ORG_JOBS', 'ORG_MOVE']

interface Operation {
  method: string
  path: string
}

async function operations(): Promise<Operation[]> {
  const document = await (
    await call(nobody, 'GET', '/api/openapi.json')
  ).json<{ paths: Record<string, Record<string, { 'x-permission'?: string }>> }>()
  return (
    Object.entries(document.paths)
      .flatMap(([path, item]) =>
        Object.entries(item).map(([method, op]) => ({ path, method: method.toUpperCase(), op })),
      )
      .filter(({ path, op }) => op['x-permission'] !== undefined && /\{(org|project)\}/.test(path))
      // Moving and deleting are about leaving a cell, and have tests of their own.
      .filter(
        ({ method, path }) =>
          !/\/(move|leave|transfer)(\/|$)/.test(path) &&
          !(method === 'DELETE' && /\}$/.test(path) && path.split('/').length === 5),
      )
  )
}

function bodyOf({ method, path }: Operation): string | undefined {
  if (method === 'GET' || method === 'DELETE') return undefined
  const query = {
    measures: ['count', 'unique_users', 'latency_p90_ms'],
    filters: [{ dimension: 'agent_id', values: [MARK] }],
    from: new Date(Date.now() - 86_400_000).toISOString(),
    to: new Date().toISOString(),
  }
  if (path.endsWith('/metrics/query')) return JSON.stringify(query)
  if (path.endsWith('/metrics/queries')) return JSON.stringify({ queries: [query, query] })
  return JSON.stringify({ name: 'New', scopes: ['read'], email: 'new@example.com', user_id: MARK, role: 'auditor' })
}

describe.each(['eu', 'us'] as const)('a tenant pinned to %s', (cell) => {
  it('reaches the stores of its own region only, by every route, as a person and by key', async () => {
    const tenant = await makeTenant(cell)
    const key = await makeKey(tenant, ['read', 'admin'])
    const { env, calls } = recordingEnv(bindings)
    const statuses: number[] = []
    const say = async (by: Caller, op: Operation) => {
      const ctx = createExecutionContext()
      const path = op.path
        .replace('{org}', tenant.org.id)
        .replace('{project}', tenant.org.default_project_id)
        .replace('{trace_id}', MARK)
        .replace(/\{\w+\}/g, '0'.repeat(32))
      const query =
        op.method === 'GET' ? `?q=${MARK}&agent_id=${MARK}&group_by=agent,user&workflow=${MARK}&a=${MARK}&b=2` : ''
      const body = bodyOf(op)
      const headers = { ...by.headers, ...(body !== undefined && { 'content-type': 'application/json' }) }
      const request = new Request<unknown, IncomingRequestCfProperties>(ORIGIN + path + query, {
        method: op.method,
        headers,
        body,
      })
      const response = await api.fetch(request, env, ctx)
      await response.text()
      await waitOnExecutionContext(ctx)
      statuses.push(response.status)
    }
    for (const op of await operations()) for (const by of [tenant.owner, key]) await say(by, op)

    expect(statuses.filter((status) => status < 300).length).toBeGreaterThan(20)
    const own = new RegExp(`_${cell.toUpperCase()}(_|$)`)
    const touched = [...new Set(calls.map(({ binding }) => binding))]
    expect(touched.some((name) => own.test(name))).toBe(true)
    expect(touched.filter((name) => !own.test(name) && !CONTROL.includes(name) && !OBJECTS.includes(name))).toEqual([])
    const named = calls.filter(
      ({ binding, method }) => OBJECTS.includes(binding) && /getByName|idFromName/.test(method),
    )
    expect(named.length).toBeGreaterThan(0)
    // The public key of audit logs is asked of an object that is no tenant's.
    expect(named.filter(({ text }) => !text.startsWith(`${cell}:`) && text !== 'readyz')).toEqual([])
    expect(calls.filter(({ binding, text }) => CONTROL.includes(binding) && text.includes(MARK))).toEqual([])
    expect(calls.some(({ binding, text }) => own.test(binding) && text.includes(MARK))).toBe(true)
  })
})
