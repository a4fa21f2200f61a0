/** The demo's account: made on the first run, found again on every later one. */
export interface Account {
  email: string
  password: string
  orgName: string
  orgSlug: string
}

export interface DemoProject {
  orgId: string
  orgSlug: string
  projectId: string
  /** A new ingest and read key of the project. */
  key: string
}

const KEY_NAME = 'demo fleet'

/** Signs up or in, finds or makes the organization, and makes a key. */
export async function openAccount(url: string, account: Account): Promise<DemoProject> {
  const api = await session(url, account)
  const org = await findOrCreateOrg(api, account)
  const { data: projects } = await api.json<{ data: { id: string }[] }>('GET', `/api/v1/orgs/${org.id}/projects`)
  const project = projects[0]
  if (project === undefined) throw new Error(`organization ${org.slug} has no project`)
  await revokeOldKeys(api, project.id)
  const { key } = await api.json<{ key: string }>('POST', `/api/v1/projects/${project.id}/keys`, {
    name: KEY_NAME,
    scopes: ['ingest', 'read'],
  })
  return { orgId: org.id, orgSlug: org.slug, projectId: project.id, key }
}

interface Org {
  id: string
  slug: string
}

async function findOrCreateOrg(api: Api, { orgName, orgSlug }: Account): Promise<Org> {
  const { orgs } = await api.json<{ orgs: Org[] }>('GET', '/api/v1/me')
  const found = orgs.find((org) => org.slug === orgSlug || org.slug.startsWith(`${orgSlug}-`))
  if (found) return found
  const body = { name: orgName, slug: orgSlug, region: 'global' }
  const created = await api.call('POST', '/api/v1/orgs', body)
  if (created.ok) return created.json<Org>()
  // Somebody else on this server has the name.
  const slug = `${orgSlug}-${Date.now().toString(36)}`
  return api.json<Org>('POST', '/api/v1/orgs', { ...body, slug })
}

/** A key is shown once, so each run makes its own; those of earlier runs are of no use to anybody. */
async function revokeOldKeys(api: Api, projectId: string): Promise<void> {
  const { data } = await api.json<{ data: { id: string; name: string; revoked_at: string | null }[] }>(
    'GET',
    `/api/v1/projects/${projectId}/keys`,
  )
  for (const key of data) {
    if (key.name === KEY_NAME && key.revoked_at === null)
      await api.call('DELETE', `/api/v1/projects/${projectId}/keys/${key.id}`)
  }
}

interface Api {
  call(method: string, path: string, body?: unknown): Promise<Response>
  /** @throws with the server's words when it refuses. */
  json<T>(method: string, path: string, body?: unknown): Promise<T>
}

async function session(url: string, { email, password }: Account): Promise<Api> {
  const anonymous = apiOf(url, '')
  let answer = await anonymous.call('POST', '/api/auth/sign-in/email', { email, password })
  if (!answer.ok) answer = await anonymous.call('POST', '/api/auth/sign-up/email', { email, password, name: 'Demo' })
  if (!answer.ok) throw new Error(`cannot sign in as ${email}: ${answer.status} ${(await answer.text()).slice(0, 300)}`)
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  return apiOf(url, cookie)
}

function apiOf(url: string, cookie: string): Api {
  const call = (method: string, path: string, body?: unknown) =>
    fetch(url + path, {
      method,
      headers: { origin: url, cookie, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    })
  return {
    call,
    async json<T>(method: string, path: string, body?: unknown) {
      const answer = await call(method, path, body)
      if (!answer.ok)
        throw new Error(`${method} ${path} answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`)
      return answer.json<T>()
    },
  }
}
