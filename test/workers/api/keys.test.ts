import { beforeAll, describe, expect, it } from 'vitest'
import type { Key, KeyCreated, Principal } from '../../../workers/contract/api.ts'
import { findKey } from '../../../workers/adapters/keys-kv.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { bindings, call, makeKey, makeTenant, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

let tenant: TestTenant
const ofProject = (rest = '') => `/api/v1/projects/${tenant.org.default_project_id}/keys${rest}`
const ofOrg = (rest = '') => `/api/v1/orgs/${tenant.org.id}/keys${rest}`
const bearer = (key: string): Caller => ({ headers: { authorization: `Bearer ${key}` } })
const make = (path: string, body: object, by: Caller = tenant.owner) => call(by, 'POST', path, body)
const list = async (path: string) => (await (await call(tenant.owner, 'GET', path)).json<{ data: Key[] }>()).data

beforeAll(async () => {
  tenant = await makeTenant('us')
})

describe('a key that is rotated', () => {
  it('works beside its successor for the overlap, which the edge is told', async () => {
    const { key, id } = await makeKey(tenant, ['ingest', 'read'])
    const next = await (await make(ofProject(`/${id}/rotate`), { overlap_hours: 2 })).json<KeyCreated>()
    expect(next.scopes).toEqual(['ingest', 'read'])
    const old = (await list(ofProject())).find((row) => row.id === id)
    expect(old?.rotated_to).toBe(next.id)
    const end = Date.parse(old?.expires_at ?? '')
    expect(end - Date.now()).toBeGreaterThan(2 * 3_600_000 - 60_000)
    expect(end - Date.now()).toBeLessThanOrEqual(2 * 3_600_000)
    expect((await findKey(bindings.KEYS, sha256Hex(key), Date.now() + 30_000))?.expires_at).toBe(end)
    expect((await findKey(bindings.KEYS, sha256Hex(next.key), Date.now()))?.expires_at).toBeNull()
    expect((await make(ofProject(`/${id}/rotate`), {})).status).toBe(409)
  })

  it('ends at once without an overlap, and never later than it would have', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString()
    const { id } = await (
      await make(ofProject(), { name: 'short', scopes: ['read'], expires_at: soon })
    ).json<KeyCreated>()
    await make(ofProject(`/${id}/rotate`), { overlap_hours: 100 })
    expect((await list(ofProject())).find((row) => row.id === id)?.expires_at).toBe(soon)
    const { key, id: other } = await makeKey(tenant, ['read'])
    await make(ofProject(`/${other}/rotate`), { overlap_hours: 0 })
    expect((await findKey(bindings.KEYS, sha256Hex(key), Date.now() + 30_000))?.expires_at).toBeLessThanOrEqual(
      Date.now(),
    )
  })

  it('is not rotated once it is revoked', async () => {
    const { id } = await makeKey(tenant, ['read'])
    await call(tenant.owner, 'DELETE', ofProject(`/${id}`))
    expect((await make(ofProject(`/${id}/rotate`), {})).status).toBe(409)
  })
})

describe('a key of the organization', () => {
  it('reads every project, and is listed apart', async () => {
    const { key, id } = await (await make(ofOrg(), { name: 'reader', scopes: ['read'] })).json<KeyCreated>()
    const second = await (
      await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/projects`, { name: 'Other' })
    ).json<{ id: string }>()
    for (const project of [tenant.org.default_project_id, second.id])
      expect((await call(bearer(key), 'GET', `/api/v1/projects/${project}/traces`)).status).toBe(200)
    expect((await list(ofOrg())).map((row) => row.id)).toContain(id)
    expect((await list(ofProject())).map((row) => row.id)).not.toContain(id)
    const other = await makeTenant('us')
    expect((await call(bearer(key), 'GET', `/api/v1/projects/${other.org.default_project_id}/traces`)).status).toBe(404)
    expect((await call(bearer(key), 'GET', `/api/v1/orgs/${other.org.id}`)).status).toBe(404)
  })

  it('cannot ingest: events belong to a project', async () => {
    expect((await make(ofOrg(), { name: 'x', scopes: ['ingest'] })).status).toBe(422)
  })
})

describe('what a key may do', () => {
  it('is never more than who made it', async () => {
    const developer = await join(tenant, 'developer')
    expect((await make(ofProject(), { name: 'x', scopes: ['ingest', 'read'] }, developer)).status).toBe(201)
    expect((await make(ofProject(), { name: 'x', scopes: ['admin'] }, developer)).status).toBe(403)
    expect((await make(ofOrg(), { name: 'x', scopes: ['read'] }, developer)).status).toBe(403)
  })

  it('says when it was used last, to the hour', async () => {
    const key = await makeKey(tenant, ['read'])
    const usedAt = async () => (await list(ofProject())).find((row) => row.id === key.id)?.last_used_at
    expect(await usedAt()).toBeNull()
    await call(key, 'GET', `/api/v1/projects/${tenant.org.default_project_id}`)
    expect(Date.now() - Date.parse((await usedAt()) ?? '')).toBeLessThan(3_600_000)
  })
})

describe('a service principal', () => {
  it('has keys that follow its role, and that stop while it is disabled', async () => {
    const path = `/api/v1/orgs/${tenant.org.id}/principals`
    const bot = await (await make(path, { name: 'deployer', role: 'auditor' })).json<Principal>()
    expect((await make(path, { name: 'deployer', role: 'auditor' })).status).toBe(409)
    expect((await make(path, { name: 'ruler', role: 'owner' })).status).toBe(422)
    const { key } = await (
      await make(ofProject(), { name: 'bot', scopes: ['read', 'admin'], principal_id: bot.id })
    ).json<KeyCreated>()
    const record = (aheadMs: number) => findKey(bindings.KEYS, sha256Hex(key), Date.now() + aheadMs)
    expect(await record(0)).toMatchObject({ role: 'auditor', name: 'deployer' })
    await call(tenant.owner, 'PATCH', `${path}/${bot.id}`, { role: 'finance' })
    expect(await record(30_000)).toMatchObject({ role: 'finance' })
    await call(tenant.owner, 'PATCH', `${path}/${bot.id}`, { disabled: true })
    expect(await record(60_000)).toBeNull()
    expect((await make(ofProject(), { name: 'more', scopes: ['read'], principal_id: bot.id })).status).toBe(422)
    await call(tenant.owner, 'PATCH', `${path}/${bot.id}`, { disabled: false })
    expect(await record(90_000)).toMatchObject({ role: 'finance' })
    expect((await call(tenant.owner, 'PATCH', `${path}/nobody`, {})).status).toBe(404)
  })
})
