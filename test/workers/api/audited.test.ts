import { beforeAll, describe, expect, it } from 'vitest'
import type { AuditItem } from '../../../workers/contract/audit.ts'
import { makeDeps } from '../../../workers/api/deps.ts'
import { AppError } from '../../../workers/domain/errors.ts'
import { settleOutbox, withAudit, type Intent, type OutboxDeps } from '../../../workers/services/audit/outbox.ts'
import { bindings, call, makeTenant, type TestTenant } from '../../support/api.ts'
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
