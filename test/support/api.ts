import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { KeyCreated, OrgCreated } from '../../workers/contract/api.ts'
import type { Cell, Scope } from '../../workers/contract/tenant.ts'
import type { Env } from '../../workers/api/env.ts'
import api from '../../workers/api/index.ts'

export const bindings = env as unknown as Env
export const ORIGIN = 'http://api.test'

/** Somebody who talks to the api: with a session, with a key, or with nothing. */
export interface Caller {
  headers: Record<string, string>
}

export const nobody: Caller = { headers: {} }

export async function call(
  caller: Caller,
  method: string,
  path: string,
  body?: unknown,
  more: Record<string, string> = {},
): Promise<Response> {
  const ctx = createExecutionContext()
  const headers = { ...caller.headers, ...(body !== undefined && { 'content-type': 'application/json' }), ...more }
  const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const response = await api.fetch(
    new Request<unknown, IncomingRequestCfProperties>(`${ORIGIN}${path}`, { method, headers, body: content }),
    bindings,
    ctx,
  )
  await waitOnExecutionContext(ctx)
  return response
}

/** Signs a new person up. */
export async function signUp(name = 'Ann'): Promise<Caller & { email: string; password: string }> {
  const email = `${crypto.randomUUID()}@example.com`
  const password = 'correct horse battery staple'
  const response = await call(nobody, 'POST', '/api/auth/sign-up/email', { name, email, password }, { origin: ORIGIN })
  if (!response.ok) throw new Error(`sign-up answered ${response.status}: ${await response.text()}`)
  return { email, password, headers: { cookie: cookiesOf(response) } }
}

export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ')
}

export interface TestTenant {
  owner: Caller
  org: OrgCreated
}

/** A person with an organization of their own. */
export async function makeTenant(region: Cell = 'global'): Promise<TestTenant> {
  const owner = await signUp()
  const response = await call(owner, 'POST', '/api/v1/orgs', { name: `Org ${crypto.randomUUID().slice(0, 8)}`, region })
  return { owner, org: OrgCreated.parse(await response.json()) }
}

export async function makeKey(
  { owner, org }: TestTenant,
  scopes: Scope[],
): Promise<Caller & { key: string; id: string }> {
  const response = await call(owner, 'POST', `/api/v1/projects/${org.default_project_id}/keys`, {
    name: 'test',
    scopes,
  })
  const created = KeyCreated.parse(await response.json())
  return { key: created.key, id: created.id, headers: { authorization: `Bearer ${created.key}` } }
}
