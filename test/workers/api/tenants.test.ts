import { describe, expect, it } from 'vitest'
import type * as z from 'zod'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { kvName } from '../../../workers/adapters/keys-kv.ts'
import { Key, Me, Org, Page, Project, Workspace } from '../../../workers/contract/api.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import { KeyRecord } from '../../../workers/contract/tenant.ts'
import { bindings, call, cookiesOf, makeKey, makeTenant, nobody, ORIGIN, signUp } from '../../support/api.ts'

const parsed = async <T extends z.ZodType>(response: Response, schema: T, status = 200): Promise<z.infer<T>> => {
  const body: unknown = await response.json()
  expect([response.status, body]).toEqual([status, body])
  return schema.parse(body)
}
const refused = (response: Response, status: number) => parsed(response, Problem, status)

describe('identity', () => {
  it('signs up, in and out', async () => {
    const ann = await signUp('Ann')
    expect(await parsed(await call(ann, 'GET', '/api/v1/me'), Me)).toMatchObject({
      user: { name: 'Ann', email: ann.email },
      orgs: [],
    })
    const wrong = await call(
      nobody,
      'POST',
      '/api/auth/sign-in/email',
      { email: ann.email, password: 'not the password' },
      { origin: ORIGIN },
    )
    expect(wrong.status).toBe(401)
    const right = await call(
      nobody,
      'POST',
      '/api/auth/sign-in/email',
      { email: ann.email, password: ann.password },
      { origin: ORIGIN },
    )
    expect(right.status).toBe(200)
    const again = { headers: { cookie: cookiesOf(right) } }
    expect((await call(again, 'GET', '/api/v1/me')).status).toBe(200)
    expect((await call(again, 'POST', '/api/auth/sign-out', {}, { origin: ORIGIN })).status).toBe(200)
  })

  it('refuses short passwords and taken addresses', async () => {
    const ann = await signUp()
    expect(
      (
        await call(
          nobody,
          'POST',
          '/api/auth/sign-up/email',
          { name: 'x', email: 'x@example.com', password: 'short' },
          { origin: ORIGIN },
        )
      ).status,
    ).toBe(400)
    expect(
      (
        await call(
          nobody,
          'POST',
          '/api/auth/sign-up/email',
          { name: 'x', email: ann.email, password: ann.password },
          { origin: ORIGIN },
        )
      ).status,
    ).toBe(422)
  })

  it('refuses changes that another site sends with the cookie', async () => {
    const ann = await signUp()
    await refused(
      await call(ann, 'POST', '/api/v1/orgs', { name: 'X', region: 'eu' }, { origin: 'https://evil.example' }),
      403,
    )
    await refused(
      await call(ann, 'POST', '/api/v1/orgs', { name: 'X', region: 'eu' }, { 'sec-fetch-site': 'cross-site' }),
      403,
    )
  })
})

describe('organizations', () => {
  it('come with a workspace and a project, in their region, found by id and by slug', async () => {
    const { owner, org } = await makeTenant('eu')
    expect(await parsed(await call(owner, 'GET', `/api/v1/orgs/${org.id}`), Org)).toMatchObject({
      id: org.id,
      region: 'eu',
    })
    expect((await call(owner, 'GET', `/api/v1/orgs/${org.slug}`)).status).toBe(200)
    const workspaces = await parsed(await call(owner, 'GET', `/api/v1/orgs/${org.id}/workspaces`), Page(Workspace))
    const projects = await parsed(await call(owner, 'GET', `/api/v1/orgs/${org.id}/projects`), Page(Project))
    expect(workspaces.data.map((w) => w.id)).toEqual([org.default_workspace_id])
    expect(projects.data).toMatchObject([
      { id: org.default_project_id, workspace_id: org.default_workspace_id, region: 'eu', keep_content: false },
    ])
  })

  it('refuse a taken or reserved slug and an unknown region, naming the field', async () => {
    const { owner, org } = await makeTenant()
    expect(
      (await refused(await call(owner, 'POST', '/api/v1/orgs', { name: 'Again', slug: org.slug, region: 'us' }), 409))
        .errors?.[0]?.pointer,
    ).toBe('/slug')
    await refused(await call(owner, 'POST', '/api/v1/orgs', { name: 'Api', slug: 'api', region: 'us' }), 409)
    expect(
      (await refused(await call(owner, 'POST', '/api/v1/orgs', { name: 'X', region: 'mars' }), 422)).errors?.[0]
        ?.pointer,
    ).toBe('/region')
  })

  it('make further workspaces and projects', async () => {
    const { owner, org } = await makeTenant()
    const workspace = await parsed(
      await call(owner, 'POST', `/api/v1/orgs/${org.id}/workspaces`, { name: 'Research' }),
      Workspace,
      201,
    )
    expect(workspace.slug).toBe('research')
    const project = await parsed(
      await call(owner, 'POST', `/api/v1/orgs/${org.id}/projects`, { name: 'Größe 2', workspace_id: workspace.id }),
      Project,
      201,
    )
    expect(project).toMatchObject({ slug: 'grosse-2', workspace_id: workspace.id })
    await refused(
      await call(owner, 'POST', `/api/v1/orgs/${org.id}/projects`, { name: 'X', workspace_id: 'ws_other' }),
      422,
    )
  })

  it('belong to their members alone', async () => {
    const [a, b] = [await makeTenant(), await makeTenant()]
    for (const path of [
      `/api/v1/orgs/${a.org.id}`,
      `/api/v1/orgs/${a.org.slug}`,
      `/api/v1/projects/${a.org.default_project_id}`,
      `/api/v1/projects/${a.org.default_project_id}/keys`,
    ]) {
      const other = await refused(await call(b.owner, 'GET', path), 404)
      const missing = await refused(
        await call(b.owner, 'GET', path.replace(/(org|prj)_\w+|org-[\w-]+/, 'org_nothing')),
        404,
      )
      expect(other.detail).toBe(missing.detail)
    }
  })
})

describe('keys', () => {
  it('are shown once, stored as a hash, known to the edge, and gone when revoked', async () => {
    const tenant = await makeTenant('us')
    const { key, id } = await makeKey(tenant, ['ingest', 'read'])
    expect(key).toMatch(/^ao_us_/)
    const path = `/api/v1/projects/${tenant.org.default_project_id}/keys`
    const listed = await call(tenant.owner, 'GET', path)
    const text = await listed.text()
    expect(text).not.toContain(key)
    expect(Page(Key).parse(JSON.parse(text)).data).toMatchObject([{ id, scopes: ['ingest', 'read'], revoked_at: null }])
    const stored = KeyRecord.parse(await bindings.KEYS.get(kvName(sha256Hex(key)), 'json'))
    expect(stored).toMatchObject({ key_id: id, cell: 'us', project_id: tenant.org.default_project_id })
    const dump = JSON.stringify(
      (await bindings.CONTROL.prepare('SELECT * FROM api_key WHERE id = ?1').bind(id).all()).results,
    )
    expect(dump).not.toContain(key)
    expect((await parsed(await call(tenant.owner, 'DELETE', `${path}/${id}`), Key)).revoked_at).not.toBeNull()
    expect(await bindings.KEYS.get(kvName(sha256Hex(key)))).toBeNull()
    await refused(await call(tenant.owner, 'DELETE', `${path}/key_nothing`), 404)
  })

  it('read what their scope allows, in their project only', async () => {
    const tenant = await makeTenant()
    const reader = await makeKey(tenant, ['read'])
    const sender = await makeKey(tenant, ['ingest'])
    const traces = `/api/v1/projects/${tenant.org.default_project_id}/traces`
    expect((await call(reader, 'GET', traces)).status).toBe(200)
    await refused(await call(sender, 'GET', traces), 403)
    await refused(
      await call(reader, 'POST', `/api/v1/projects/${tenant.org.default_project_id}/keys`, {
        name: 'x',
        scopes: ['read'],
      }),
      403,
    )
    await refused(await call(reader, 'GET', '/api/v1/me'), 403)
    const second = await parsed(
      await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/projects`, { name: 'Second' }),
      Project,
      201,
    )
    await refused(await call(reader, 'GET', `/api/v1/projects/${second.id}/traces`), 404)
    const visible = await parsed(await call(reader, 'GET', `/api/v1/orgs/${tenant.org.id}/projects`), Page(Project))
    expect(visible.data.map((p) => p.id)).toEqual([tenant.org.default_project_id])
  })

  it('learn that a project keeps content', async () => {
    const tenant = await makeTenant()
    const { key } = await makeKey(tenant, ['ingest'])
    await parsed(
      await call(tenant.owner, 'PATCH', `/api/v1/projects/${tenant.org.default_project_id}`, { keep_content: true }),
      Project,
    )
    expect(KeyRecord.parse(await bindings.KEYS.get(kvName(sha256Hex(key)), 'json')).keep_content).toBe(true)
  })

  it.each([
    [{ name: '', scopes: ['read'] }],
    [{ name: 'x', scopes: [] }],
    [{ name: 'x', scopes: ['root'] }],
    [{ name: 'x', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' }],
    ['{'],
    ['[]'],
    ['null'],
  ])('are not made from %j', async (body) => {
    const tenant = await makeTenant()
    const response = await call(tenant.owner, 'POST', `/api/v1/projects/${tenant.org.default_project_id}/keys`, body)
    expect([400, 422]).toContain(response.status)
    Problem.parse(await response.json())
  })
})
