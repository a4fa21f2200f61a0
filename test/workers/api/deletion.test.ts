import { describe, expect, it } from 'vitest'
import { bindings, call, makeKey, makeTenant, type TestTenant } from '../../support/api.ts'
import { join, mailTo } from '../../support/members.ts'
import { deletionStore } from '../../../workers/adapters/d1/deletion-store.ts'
import { UNDO_MS } from '../../../workers/services/deletion/request.ts'
import { makeApp } from '../../../workers/api/app.ts'
import { document } from '../../../workers/api/document.ts'

const hashOf = async (key: string) =>
  Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(key))).toString('hex')
const isKnown = async (key: string) => (await bindings.KEYS.get(`key:${await hashOf(key)}`)) !== null

async function withTwo(region: 'eu' | 'global' = 'eu') {
  const tenant = await makeTenant(region)
  const answer = await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/projects`, { name: 'Second' })
  const second = await answer.json<{ id: string }>()
  return { tenant, project: tenant.org.default_project_id, second: second.id }
}
const projects = async ({ owner, org }: TestTenant) =>
  (await (await call(owner, 'GET', `/api/v1/orgs/${org.id}/projects`)).json<{ data: { id: string }[] }>()).data.map(
    ({ id }) => id,
  )

describe('deleting a project', () => {
  it('hides it from every route, refuses its keys, and is taken back with them', async () => {
    const { tenant, project, second } = await withTwo()
    const key = await makeKey(tenant, ['ingest', 'read'])
    const other = await (
      await call(tenant.owner, 'POST', `/api/v1/projects/${second}/keys`, { name: 'other', scopes: ['ingest'] })
    ).json<{ key: string }>()
    expect(await isKnown(key.key)).toBe(true)
    const deleted = await call(tenant.owner, 'DELETE', `/api/v1/projects/${project}`)
    expect(deleted.status).toBe(200)
    const { deleted_at, purge_at } = await deleted.json<{ deleted_at: string; purge_at: string }>()
    expect(Date.parse(purge_at) - Date.parse(deleted_at)).toBe(7 * 86_400_000)
    expect([await isKnown(key.key), await isKnown(other.key)]).toEqual([false, true])
    expect(await projects(tenant)).toEqual([second])
    const operations = Object.entries(document(makeApp()).paths ?? {}).flatMap(([path, item]) =>
      Object.keys(item as object).map((method) => [method.toUpperCase(), path] as const),
    )
    const named = operations.filter(([, path]) => path.includes('{project}'))
    expect(named.length).toBeGreaterThan(10)
    for (const [method, path] of named) {
      const url = path.replace('{project}', project).replaceAll(/\{\w+\}/g, 'x')
      const answer = await call(tenant.owner, method, url, method === 'GET' ? undefined : {})
      expect({ method, path, status: answer.status }).toEqual({ method, path, status: 404 })
    }
    const list = `/api/v1/orgs/${tenant.org.id}/deleted-projects`
    expect(await (await call(tenant.owner, 'GET', list)).json()).toMatchObject({ data: [{ id: project, purge_at }] })
    expect((await call(tenant.owner, 'POST', `${list}/${project}/restore`)).status).toBe(200)
    expect(await isKnown(key.key)).toBe(true)
    expect((await projects(tenant)).sort()).toEqual([project, second].sort())
    expect((await call(tenant.owner, 'POST', `${list}/${project}/restore`)).status).toBe(404)
  })

  it('is not for the last one, nor for a developer', async () => {
    const { tenant, project, second } = await withTwo()
    const developer = await join(tenant, 'developer')
    expect((await call(developer, 'DELETE', `/api/v1/projects/${second}`)).status).toBe(403)
    await call(tenant.owner, 'DELETE', `/api/v1/projects/${second}`)
    expect((await call(tenant.owner, 'DELETE', `/api/v1/projects/${project}`)).status).toBe(409)
  })

  it('leaves one, also when two are deleted at once', async () => {
    const { tenant, project, second } = await withTwo()
    const store = deletionStore(bindings.CONTROL)
    expect(await store.markProject(tenant.org.id, second, Date.now())).toBe(true)
    expect(await store.markProject(tenant.org.id, project, Date.now())).toBe(false)
    expect(await projects(tenant)).toEqual([project])
  })

  it('is taken back within seven days, and not between them and its removal', async () => {
    const { tenant, second } = await withTwo()
    const path = `/api/v1/orgs/${tenant.org.id}/deleted-projects/${second}/restore`
    const store = deletionStore(bindings.CONTROL)
    await store.markProject(tenant.org.id, second, Date.now() - UNDO_MS - 60_000)
    expect((await call(tenant.owner, 'POST', path)).status).toBe(409)
    await store.markProject(tenant.org.id, second, Date.now() - UNDO_MS + 60_000)
    expect((await call(tenant.owner, 'POST', path)).status).toBe(200)
  })

  it('is too late to take back once its removal has begun', async () => {
    const { tenant, second } = await withTwo()
    await call(tenant.owner, 'DELETE', `/api/v1/projects/${second}`)
    await bindings.DATA_EU_0.prepare(
      `INSERT INTO job (org_id, id, kind, state, step, cursor, input, numbers, created_ms, updated_ms, ended_ms, version)
       VALUES (?1, ?2, 'deletion', 'done', 'keys', '{}', '{}', '{}', 1, 1, 1, 0)`,
    )
      .bind(tenant.org.id, `del_${second}`)
      .run()
    const answer = await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/deleted-projects/${second}/restore`)
    expect(answer.status).toBe(409)
  })
})

describe('deleting an organization', () => {
  it('is for an owner who types its slug; it is gone for all, told by mail, and taken back', async () => {
    const { tenant, project } = await withTwo()
    const { owner, org } = tenant
    const path = `/api/v1/orgs/${org.id}`
    const key = await makeKey(tenant, ['read'])
    const admin = await join(tenant, 'admin')
    expect((await call(admin, 'DELETE', path, { confirm: org.slug })).status).toBe(403)
    expect((await call(owner, 'DELETE', path, { confirm: 'something' })).status).toBe(422)
    expect((await call(owner, 'DELETE', path, { confirm: org.slug })).status).toBe(200)
    expect(await isKnown(key.key)).toBe(false)
    for (const person of [owner, admin]) {
      expect((await call(person, 'GET', path)).status).toBe(404)
      expect((await call(person, 'GET', `/api/v1/projects/${project}`)).status).toBe(404)
      const me = await (await call(person, 'GET', '/api/v1/me')).json<{ orgs: unknown[] }>()
      expect(me.orgs).toEqual([])
    }
    const mail = await mailTo((owner as unknown as { email: string }).email)
    expect(mail.subject).toContain('was deleted')
    expect(mail.text).toContain('/deleted')
    expect(await (await call(admin, 'GET', '/api/v1/deleted-orgs')).json()).toMatchObject({ data: [] })
    expect((await call(admin, 'POST', `/api/v1/deleted-orgs/${org.id}/restore`)).status).toBe(404)
    expect(await (await call(owner, 'GET', '/api/v1/deleted-orgs')).json()).toMatchObject({ data: [{ id: org.id }] })
    expect((await call(owner, 'POST', `/api/v1/deleted-orgs/${org.id}/restore`)).status).toBe(200)
    expect((await call(admin, 'GET', path)).status).toBe(200)
    expect(await isKnown(key.key)).toBe(true)
    const log = await (await call(owner, 'GET', `${path}/audit?action=org`)).json<{ data: { action: string }[] }>()
    expect(log.data.map(({ action }) => action).slice(0, 2)).toEqual(['org.restore', 'org.delete'])
  })
})
