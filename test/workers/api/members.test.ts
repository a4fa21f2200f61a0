import { beforeAll, describe, expect, it } from 'vitest'
import type { Invitation, Member, Role } from '../../../workers/contract/api.ts'
import { call, makeTenant, signUp, type Caller, type TestTenant } from '../../support/api.ts'
import { join, mailTo, tokenFor } from '../../support/members.ts'

let tenant: TestTenant
const path = (rest: string) => `/api/v1/orgs/${tenant.org.id}/${rest}`
const members = async (by: Caller = tenant.owner) =>
  (await (await call(by, 'GET', path('members'))).json<{ data: Member[] }>()).data
const change = async (by: Caller, id: string, body: object) =>
  (await call(by, 'PATCH', path(`members/${id}`), body)).status
const ownerId = async () => (await members()).find(({ role }) => role === 'owner')?.user_id ?? ''

beforeAll(async () => {
  tenant = await makeTenant('eu')
})

describe('an invitation', () => {
  it('reaches its address by mail, shows what it offers, and makes its person a member once', async () => {
    const person = await signUp('Grace')
    const answer = await call(tenant.owner, 'POST', path('invitations'), {
      email: person.email.toUpperCase(),
      role: 'finance',
    })
    expect(answer.status).toBe(201)
    expect(JSON.stringify(await answer.json())).not.toContain(await tokenFor(person.email))
    expect((await mailTo(person.email)).subject).toContain(tenant.org.name)
    const token = await tokenFor(person.email)
    const offer = await call({ headers: {} }, 'POST', '/api/v1/invitations/read', { token })
    expect(await offer.json()).toMatchObject({ org_name: tenant.org.name, role: 'finance', email: person.email })
    expect((await call(person, 'POST', '/api/v1/invitations/accept', { token })).status).toBe(200)
    expect((await members()).find(({ email }) => email === person.email)).toMatchObject({
      role: 'finance',
      project_ids: null,
    })
    expect((await call(person, 'POST', '/api/v1/invitations/accept', { token })).status).toBe(404)
  })

  it('is for its address alone', async () => {
    const invited = await signUp('Grace')
    const thief = await signUp('Mallory')
    await call(tenant.owner, 'POST', path('invitations'), { email: invited.email })
    const token = await tokenFor(invited.email)
    expect((await call(thief, 'POST', '/api/v1/invitations/accept', { token })).status).toBe(403)
    expect((await call(thief, 'GET', path('members'))).status).toBe(404)
    expect((await call(invited, 'POST', '/api/v1/invitations/accept', { token })).status).toBe(200)
  })

  it('can be taken back, and a newer one replaces it', async () => {
    const person = await signUp('Grace')
    const send = async () =>
      (await call(tenant.owner, 'POST', path('invitations'), { email: person.email })).json<Invitation>()
    await send()
    const older = await tokenFor(person.email)
    const second = await send()
    const newer = await tokenFor(person.email)
    expect(older).not.toBe(newer)
    expect((await call(person, 'POST', '/api/v1/invitations/accept', { token: older })).status).toBe(404)
    const revoked = await call(tenant.owner, 'DELETE', path(`invitations/${second.id}`))
    expect(await revoked.json()).toMatchObject({ state: 'revoked' })
    expect((await call(person, 'POST', '/api/v1/invitations/accept', { token: newer })).status).toBe(404)
  })

  it('is refused for members, for roles above the inviter, and for what sees everything when held to some', async () => {
    const admin = await join(tenant, 'admin')
    const invite = async (by: Caller, body: object) => (await call(by, 'POST', path('invitations'), body)).status
    expect(await invite(admin, { email: admin.email })).toBe(409)
    expect(await invite(admin, { email: 'new@example.com', role: 'owner' })).toBe(403)
    expect(await invite(tenant.owner, { email: 'new@example.com', role: 'owner' })).toBe(201)
    expect(await invite(tenant.owner, { email: 'nobody', role: 'admin' })).toBe(422)
    const some = [tenant.org.default_project_id]
    expect(await invite(tenant.owner, { email: 'new@example.com', role: 'admin', project_ids: some })).toBe(422)
  })
})

describe('a member', () => {
  it('gets another role at once', async () => {
    const person = await join(tenant, 'auditor')
    const rename = async () =>
      (await call(person, 'PATCH', `/api/v1/projects/${tenant.org.default_project_id}`, {})).status
    expect(await rename()).toBe(403)
    expect(await change(tenant.owner, person.id, { role: 'developer' })).toBe(200)
    expect(await rename()).toBe(200)
  })

  it.each<[string, Role, Role, number]>([
    ['an admin makes a developer an operator', 'developer', 'operator', 200],
    ['an admin makes no owner', 'developer', 'owner', 403],
  ])('%s', async (_, from, to, status) => {
    const admin = await join(tenant, 'admin')
    const person = await join(tenant, from)
    expect(await change(admin, person.id, { role: to })).toBe(status)
  })

  it('that is an owner is changed by owners only', async () => {
    const admin = await join(tenant, 'admin')
    expect(await change(admin, await ownerId(), { role: 'developer' })).toBe(403)
    expect((await call(admin, 'DELETE', path(`members/${await ownerId()}`))).status).toBe(403)
  })

  it('sees its projects only, when it is held to some', async () => {
    const second = await (await call(tenant.owner, 'POST', path('projects'), { name: 'Second' })).json<{ id: string }>()
    const person = await join(tenant, 'developer', [second.id])
    const listed = await (await call(person, 'GET', path('projects'))).json<{ data: { id: string }[] }>()
    expect(listed.data.map(({ id }) => id)).toEqual([second.id])
    expect((await call(person, 'GET', `/api/v1/projects/${second.id}/traces`)).status).toBe(200)
    for (const rest of ['', '/traces', '/keys', '/watermark', '/dead-letters'])
      expect((await call(person, 'GET', `/api/v1/projects/${tenant.org.default_project_id}${rest}`)).status).toBe(404)
    expect(
      (
        await call(person, 'POST', `/api/v1/projects/${tenant.org.default_project_id}/keys`, {
          name: 'x',
          scopes: ['read'],
        })
      ).status,
    ).toBe(404)
    expect(await change(tenant.owner, person.id, { project_ids: null })).toBe(200)
    expect((await call(person, 'GET', `/api/v1/projects/${tenant.org.default_project_id}/traces`)).status).toBe(200)
    expect(await change(tenant.owner, person.id, { project_ids: [] })).toBe(200)
    expect((await call(person, 'GET', `/api/v1/projects/${second.id}/traces`)).status).toBe(404)
  })

  it('that is held to some projects does not read the log of the whole organization', async () => {
    const auditor = await join(tenant, 'auditor')
    expect((await call(auditor, 'GET', path('audit'))).status).toBe(200)
    await change(tenant.owner, auditor.id, { project_ids: [tenant.org.default_project_id] })
    for (const rest of ['audit', 'audit/export']) expect((await call(auditor, 'GET', path(rest))).status).toBe(403)
  })

  it('is out at once when it is removed or leaves', async () => {
    const [removed, left] = [await join(tenant, 'developer'), await join(tenant, 'developer')]
    expect((await call(tenant.owner, 'DELETE', path(`members/${removed.id}`))).status).toBe(200)
    expect((await call(left, 'POST', path('leave'))).status).toBe(200)
    for (const person of [removed, left]) expect((await call(person, 'GET', path('members'))).status).toBe(404)
  })
})

describe('the last owner', () => {
  it('can neither leave, nor be removed, nor be made anything else', async () => {
    const own = await makeTenant()
    const at = (rest: string) => `/api/v1/orgs/${own.org.id}/${rest}`
    const me = (await (await call(own.owner, 'GET', at('members'))).json<{ data: Member[] }>()).data[0]?.user_id ?? ''
    expect((await call(own.owner, 'POST', at('leave'))).status).toBe(409)
    expect((await call(own.owner, 'DELETE', at(`members/${me}`))).status).toBe(409)
    expect((await call(own.owner, 'PATCH', at(`members/${me}`), { role: 'admin' })).status).toBe(409)
  })

  it('stays when two owners leave at the same moment', async () => {
    const own = await makeTenant()
    const other = await join(own, 'owner')
    const at = `/api/v1/orgs/${own.org.id}/leave`
    const left = await Promise.all([call(own.owner, 'POST', at), call(other, 'POST', at)])
    expect(left.map(({ status }) => status).sort()).toEqual([200, 409])
  })

  it('hands over and stays as an admin', async () => {
    const own = await makeTenant()
    const heir = await join(own, 'developer', [own.org.default_project_id])
    const at = (rest: string) => `/api/v1/orgs/${own.org.id}/${rest}`
    expect((await call(own.owner, 'POST', at('transfer'), { user_id: heir.id })).status).toBe(200)
    const roles = (await (await call(heir, 'GET', at('members'))).json<{ data: Member[] }>()).data
    expect(roles.map(({ role, project_ids }) => [role, project_ids]).sort()).toEqual([
      ['admin', null],
      ['owner', null],
    ])
    expect((await call(own.owner, 'POST', at('transfer'), { user_id: heir.id })).status).toBe(403)
  })
})
