import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditItem } from '../../../workers/contract/audit.ts'
import { makeDeps } from '../../../workers/api/deps.ts'
import { AppError } from '../../../workers/domain/errors.ts'
import { settleOutbox, withAudit, type Intent, type OutboxDeps } from '../../../workers/services/audit/outbox.ts'
import { bindings, call, makeTenant, nobody, ORIGIN, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

let tenant: TestTenant
const path = (rest: string) => `/api/v1/orgs/${tenant.org.id}/${rest}`
const log = async (query = '') =>
  (await (await call(tenant.owner, 'GET', path(`audit?limit=200${query}`))).json<{ data: AuditItem[] }>()).data
const post = (rest: string, body: object) => call(tenant.owner, 'POST', path(rest), body)

beforeAll(async () => {
  tenant = await makeTenant('eu')
})

describe('the audit log has every change', () => {
  it('that people make, with who, what, before and after, and no secret', async () => {
    const person = await join(tenant, 'auditor')
    await call(tenant.owner, 'PATCH', path(`members/${person.id}`), { role: 'developer' })
    await call(tenant.owner, 'PATCH', `/api/v1/orgs/${tenant.org.id}`, { name: 'Renamed' })
    const { key } = await (await post('keys', { name: 'reader', scopes: ['read'] })).json<{ key: string }>()
    await post('principals', { name: 'bot', role: 'operator' })
    await call(tenant.owner, 'DELETE', path(`members/${person.id}`))
    const entries = await log()
    expect(entries.map(({ action }) => action)).toEqual([
      'member.remove',
      'principal.create',
      'key.create',
      'org.rename',
      'member.update',
      'invitation.accept',
      'invitation.create',
      'org.create',
    ])
    expect(entries.map(({ seq }) => seq)).toEqual([8, 7, 6, 5, 4, 3, 2, 1])
    expect(entries[4]).toMatchObject({
      actor: { type: 'user', label: 'Ann' },
      target: { type: 'user', user_id: person.id, email: person.email },
      before: { role: 'auditor' },
      after: { role: 'developer' },
    })
    expect(JSON.stringify(entries)).not.toContain(key)
  })

  it('that a key makes', async () => {
    const { key } = await (await post('keys', { name: 'maker', scopes: ['admin'] })).json<{ key: string }>()
    await call({ headers: { authorization: `Bearer ${key}` } }, 'POST', path('workspaces'), { name: 'By a key' })
    expect((await log('&action=workspace.'))[0]).toMatchObject({
      actor: { type: 'key', label: 'maker' },
      target: { type: 'workspace', label: 'By a key' },
    })
  })

  it('and none of what was refused', async () => {
    const before = (await log()).length
    expect((await post('keys', { name: 'x', scopes: ['ingest'] })).status).toBe(422)
    expect((await post('leave', {})).status).toBe(409)
    expect(await log()).toHaveLength(before)
  })
})

describe('a change that is cut short', () => {
  const intent = (at_ms: number): Intent => ({
    at_ms,
    action: 'project.update',
    actor: { type: 'system', id: 'test', label: 'test' },
    origin: null,
    request_id: crypto.randomUUID(),
  })
  const place = () => ({ org_id: tenant.org.id, cell: 'eu' as const, shard: 0 })
  const deps = (aheadMs = 0): OutboxDeps => ({
    ...makeDeps(bindings, 'http://api.test').auditing,
    now: () => Date.now() + aheadMs,
  })
  const changesOf = async ({ request_id }: Intent) =>
    (await log()).filter((entry) => entry.request_id === request_id).map(({ target, after }) => [target.type, after])

  it('is in the log all the same, once, as of unknown outcome', async () => {
    const own = intent(Date.now())
    await expect(
      withAudit(deps(), place(), own.request_id, own, () => Promise.reject(new Error('killed'))),
    ).rejects.toThrow()
    expect(await changesOf(own)).toEqual([])
    await Promise.all([settleOutbox(deps(61_000), place()), settleOutbox(deps(61_000), place())])
    expect(await changesOf(own)).toEqual([['request', { outcome: 'unknown: the request was cut short' }]])
  })

  it('is not, when it was refused', async () => {
    const own = intent(Date.now())
    const refuse = () => Promise.reject(new AppError('conflict', 'no'))
    await expect(withAudit(deps(), place(), own.request_id, own, refuse)).rejects.toThrow('no')
    await settleOutbox(deps(61_000), place())
    expect(await changesOf(own)).toEqual([])
  })

  it('waits in full when the log could not be reached after it', async () => {
    const own = intent(Date.now())
    const down = deps()
    const unreachable: OutboxDeps = {
      ...down,
      audit: { ...down.audit, store: { ...down.audit.store, append: () => Promise.reject(new Error('down')) } },
    }
    const done = await withAudit(unreachable, place(), own.request_id, own, async (changed) => {
      changed({ target: { type: 'project', id: 'p' }, after: { name: 'new' } })
      return 'made'
    })
    expect(done).toBe('made')
    await settleOutbox(deps(61_000), place())
    expect(await changesOf(own)).toEqual([['project', { name: 'new' }]])
  })
})

describe('what people do with their accounts', () => {
  const { CONTROL } = bindings
  type Owner = Caller & { email: string; password: string }
  const signIn = ({ email, password }: Owner) =>
    call(nobody, 'POST', '/api/auth/sign-in/email', { email, password }, { origin: ORIGIN })
  const changePassword = (owner: Owner, currentPassword: string) =>
    call(
      owner,
      'POST',
      '/api/auth/change-password',
      { currentPassword, newPassword: 'another long secret' },
      { origin: ORIGIN },
    )

  async function another() {
    const { owner, org } = await makeTenant('us')
    const { user } = await (await call(owner, 'GET', '/api/v1/me')).json<{ user: { id: string } }>()
    const waiting = async () =>
      (await CONTROL.prepare('SELECT records FROM audit_outbox WHERE org_id = ?1').bind(org.id).all()).results.length
    const told = async (action: string) =>
      (
        await (await call(owner, 'GET', `/api/v1/orgs/${org.id}/audit?action=${action}`)).json<{ data: AuditItem[] }>()
      ).data.map(({ target, after }) => [target.type, after])
    return { owner: owner as Owner, org, user, waiting, told }
  }

  /** Runs with the database refusing a write of this person. */
  async function whileRefused<T>(event: string, when: string, run: () => Promise<T>): Promise<T> {
    await CONTROL.prepare(
      `CREATE TRIGGER tested BEFORE ${event} WHEN ${when} BEGIN SELECT RAISE(ABORT, 'tested'); END`,
    ).run()
    return run().finally(() => CONTROL.prepare('DROP TRIGGER tested').run())
  }

  it.each([
    ['session.create', 'INSERT ON session'],
    ['account.password', 'UPDATE ON account'],
  ])('is in the outbox before it is done, and in the log once: %s', async (action, event) => {
    const { owner, user, waiting, told } = await another()
    const unless = `NEW.user_id = '${user.id}' AND NOT EXISTS (SELECT 1 FROM audit_outbox WHERE instr(records, NEW.user_id) AND instr(records, '${action}'))`
    const act = () => (action === 'session.create' ? signIn(owner) : changePassword(owner, owner.password))
    expect((await whileRefused(event, unless, act)).status).toBe(200)
    expect(await waiting()).toBe(0)
    expect(await told(action)).toEqual([['user', null]])
  })

  it('is told as of unknown outcome when it dies, and not when it is refused', async () => {
    const { owner, org, user, waiting, told } = await another()
    expect((await changePassword(owner, 'not the password')).status).toBe(400)
    expect(await waiting()).toBe(0)
    const dies = `NEW.user_id = '${user.id}'`
    const answer = await whileRefused('UPDATE ON account', dies, () => changePassword(owner, owner.password))
    expect(answer.status).toBe(500)
    expect(await waiting()).toBe(1)
    const deps = { ...makeDeps(bindings, ORIGIN).auditing, now: () => Date.now() + 61_000 }
    await settleOutbox(deps, { org_id: org.id, cell: 'us', shard: 0 })
    expect(await told('account.password')).toEqual([['request', { outcome: 'unknown: the request was cut short' }]])
  })
})
