import { describe, expect, it } from 'vitest'
import { bindings, call, makeTenant, signUp, type Caller } from '../../support/api.ts'
import { join } from '../../support/members.ts'
import { verifyExport } from '../../../workers/domain/audit/verify.ts'
import { linesOf } from '../../../workers/domain/audit/lines.ts'
import { accountStore } from '../../../workers/adapters/d1/account-store.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { removeAccount, type RemoveAccountDeps } from '../../../workers/services/account/remove.ts'
import type { AuditDeps } from '../../../workers/services/audit/port.ts'
import { isSigned } from '../../../scripts/runtime/signing-key.ts'

/** Every row of every database, every record of KV and every object, as text. */
async function everythingStored(): Promise<string[]> {
  const found: string[] = []
  const { CONTROL, DATA_GLOBAL_0, DATA_GLOBAL_1, DATA_EU_0, DATA_US_0, KEYS, BUCKET_EU, BUCKET_US, BUCKET_GLOBAL } =
    bindings
  for (const db of [CONTROL, DATA_GLOBAL_0, DATA_GLOBAL_1, DATA_EU_0, DATA_US_0]) {
    const tables = await db
      .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`)
      .all<{ name: string }>()
    for (const { name } of tables.results)
      for (const row of (await db.prepare(`SELECT * FROM "${name}"`).all()).results)
        found.push(`${name} ${JSON.stringify(row)}`)
  }
  for (const { name } of (await KEYS.list()).keys) found.push(`KV ${name} ${await KEYS.get(name)}`)
  for (const bucket of [BUCKET_EU, BUCKET_US, BUCKET_GLOBAL])
    for (const { key } of (await bucket.list()).objects)
      found.push(`R2 ${key} ${await (await bucket.get(key))?.text()}`)
  return found
}

async function logOf(owner: Caller, org: string): Promise<string> {
  const answer = await call(owner, 'GET', `/api/v1/orgs/${org}/audit/export`)
  return new TextDecoder().decode(await answer.arrayBuffer())
}

const withoutCache = ({ headers }: Caller): Caller => ({
  headers: {
    ...headers,
    cookie: (headers['cookie'] ?? '')
      .split('; ')
      .filter((part) => !part.includes('session_data'))
      .join('; '),
  },
})

describe('deleting an account', () => {
  it('is refused to whoever alone owns an organization, and with another address', async () => {
    const { owner, org } = await makeTenant()
    const { email } = owner as Caller & { email: string }
    const refused = await call(owner, 'DELETE', '/api/v1/me', { confirm: email })
    expect(refused.status).toBe(409)
    expect(await refused.text()).toContain(org.name)
    const person = await signUp()
    expect((await call(person, 'DELETE', '/api/v1/me', { confirm: email })).status).toBe(422)
    expect((await call(person, 'DELETE', '/api/v1/me', { confirm: person.email })).status).toBe(200)
    // A browser forgets the session with the answer; its short-lived cache alone enters nothing and makes nothing.
    expect((await call(withoutCache(person), 'GET', '/api/v1/me')).status).toBe(401)
    expect((await call(person, 'POST', '/api/v1/orgs', { name: 'Ghost', region: 'eu' })).status).toBe(401)
  })

  it('leaves id, name and address nowhere; what they made works on, and the audit logs are whole', async () => {
    const tenant = await makeTenant('eu')
    const { owner, org } = tenant
    const person = await join(tenant, 'admin')
    const mark = `Zoe-${crypto.randomUUID().slice(0, 8)}`
    await bindings.CONTROL.prepare('UPDATE user SET name = ?2 WHERE id = ?1').bind(person.id, mark).run()
    const path = `/api/v1/orgs/${org.id}`
    const key = await (
      await call(person, 'POST', `/api/v1/projects/${org.default_project_id}/keys`, { name: 'hers', scopes: ['read'] })
    ).json<{ key: string; id: string }>()
    await call(person, 'POST', `${path}/principals`, { name: 'robot', role: 'operator' })
    await call(person, 'POST', `${path}/invitations`, { email: 'guest@example.com', role: 'auditor' })
    const budget = await (
      await call(person, 'POST', `${path}/budgets`, {
        name: 'All',
        scope: { type: 'org' },
        period: 'month',
        limit_usd: '10',
      })
    ).json<{ id: string }>()
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await call(person, 'POST', `${path}/budgets/${budget.id}/extensions`, { amount_usd: '5', until, reason: 'launch' })
    for (const shared of [true, false])
      await call(person, 'POST', `${path}/views`, {
        kind: 'view',
        name: shared ? 'For all' : 'Hers alone',
        shared,
        content: { path: 'finance', query: 'range=7d' },
      })
    const report = {
      ...{ target: { kind: 'view', path: 'finance', query: '' }, zone: 'UTC', format: 'pdf' },
      timing: { every: 'day', hour: 9 },
    }
    await call(person, 'POST', `${path}/reports`, { ...report, name: 'Hers' })
    await call(owner, 'POST', `${path}/reports`, { ...report, name: 'To her', recipients: [person.id] })
    const words = [person.id, person.email, mark]
    await bindings.BUCKET_EU.put(`exports/${org.id}/exp_1/organization.json`, person.email)
    const before = (await everythingStored()).filter((text) => words.some((word) => text.includes(word)))
    const tables = new Set(before.map((text) => text.split(' ')[0]))
    for (const table of [
      'user',
      'session',
      'account',
      'member',
      'api_key',
      'service_principal',
      'invitation',
      'person_key',
      'saved_view',
      'report',
      'KV',
      'R2',
    ])
      expect(tables).toContain(table)
    expect(await logOf(owner, org.id)).toContain(person.email)
    const unfinished = {
      id: 'cut:cut',
      at_ms: 1,
      actor: { type: 'user', id: person.id, label: mark, email: person.email },
      action: 'tested.cut_short',
      target: { type: 'request', id: 'cut' },
      after: { outcome: 'unknown' },
      origin: null,
      request_id: 'cut',
    }
    await bindings.CONTROL.prepare('INSERT INTO audit_outbox (id, org_id, at_ms, records) VALUES (?1, ?2, 1, ?3)')
      .bind(`cut-${org.id}`, org.id, JSON.stringify([unfinished]))
      .run()

    expect((await call(person, 'DELETE', '/api/v1/me', { confirm: person.email })).status).toBe(200)

    await expect
      .poll(async () => (await everythingStored()).filter((text) => words.some((word) => text.includes(word))), {
        timeout: 5000,
      })
      .toEqual([])
    const views = await (await call(owner, 'GET', `${path}/views`)).json<{ data: object[] }>()
    expect(views.data).toEqual([expect.objectContaining({ name: 'For all', owner_name: null, mine: false })])
    const reports = await (await call(owner, 'GET', `${path}/reports`)).json<{ data: object[] }>()
    expect(reports.data).toEqual([expect.objectContaining({ name: 'To her', recipients: [] })])
    const extensions = await (await call(owner, 'GET', `${path}/extensions`)).text()
    expect(extensions).toContain('"asked_by":"erased"')
    for (const word of words) expect(extensions).not.toContain(word)
    const log = await logOf(owner, org.id)
    for (const word of words) expect(log).not.toContain(word)
    expect(log).toContain('account.delete')
    expect(log).toContain('tested.cut_short')
    const verdict = await verifyExport(
      linesOf(
        (async function* () {
          yield log
        })(),
      ),
      { sha256: sha256Hex, isSigned },
    )
    expect(verdict.ok).toBe(true)
    const worksOn = await call(
      { headers: { authorization: `Bearer ${key.key}` } },
      'GET',
      `/api/v1/projects/${org.default_project_id}`,
    )
    expect(worksOn.status).toBe(200)
  }, 30_000)

  it('leaves an owner where the other owner has gone since that was looked at', async () => {
    const { owner, org } = await makeTenant()
    const { email } = owner as Caller & { email: string }
    const { user } = await (await call(owner, 'GET', '/api/v1/me')).json<{ user: { id: string } }>()
    expect(await accountStore(bindings.CONTROL).standDown(user.id)).toBe(false)
    expect(await accountStore(bindings.CONTROL).removeUser(user.id, email)).toBe(false)
    const row = bindings.CONTROL.prepare('SELECT role FROM member WHERE user_id = ?1').bind(user.id)
    expect(await row.first()).toEqual({ role: 'owner' })
    expect((await call(owner, 'GET', `/api/v1/orgs/${org.id}`)).status).toBe(200)
  })

  it('can be asked for again when it died half-way, since the account goes last', async () => {
    const steps: string[] = []
    const note = (step: string) => async () => void steps.push(step)
    const audit = { sha256: sha256Hex, persons: { remove: note('pseudonyms') } } as unknown as AuditDeps
    const deps: RemoveAccountDeps = {
      audit,
      orgsOf: async () => [],
      solelyOwned: async () => [],
      standDown: async () => true,
      settle: async () => {},
      forgetIn: note('budgets'),
      removeExports: note('exports'),
      removeUser: () => Promise.reject(new Error('died')),
      removeMail: note('mail'),
      now: () => 1,
    }
    const person = { id: 'u', name: 'Ann', email: 'ann@example.com', signedInMs: 1 }
    const entry = { origin: null, request_id: 'r' }
    await expect(removeAccount(deps, person, person.email, entry)).rejects.toThrow('died')
    expect(steps).toEqual(['mail', 'pseudonyms'])
    const alone = { ...deps, standDown: async () => false }
    await expect(removeAccount(alone, person, person.email, entry)).rejects.toThrow('Nobody else owns')
    expect(steps).toEqual(['mail', 'pseudonyms'])
  })

  it('wants a sign-in of the last ten minutes', async () => {
    const person = await signUp()
    const { user } = await (await call(person, 'GET', '/api/v1/me')).json<{ user: { id: string } }>()
    const old = Math.floor((Date.now() - 11 * 60_000) / 1000)
    const row = await bindings.CONTROL.prepare('SELECT created_at FROM session WHERE user_id = ?1')
      .bind(user.id)
      .first<{ created_at: number }>()
    // As better-auth keeps it: in seconds or milliseconds.
    const value = (row?.created_at ?? 0) > 1e11 ? old * 1000 : old
    await bindings.CONTROL.prepare('UPDATE session SET created_at = ?2 WHERE user_id = ?1').bind(user.id, value).run()
    expect((await call(withoutCache(person), 'DELETE', '/api/v1/me', { confirm: person.email })).status).toBe(403)
  })
})
