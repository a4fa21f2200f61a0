import { describe, expect, it } from 'vitest'
import { shardOf } from '../../../workers/adapters/cells.ts'
import { reportStore } from '../../../workers/adapters/d1/report-store.ts'
import { sha256Hex } from '../../../workers/adapters/hash.ts'
import { mailbox } from '../../../workers/adapters/mail.ts'
import { Page } from '../../../workers/contract/api.ts'
import { Report, REPORTS_MAX } from '../../../workers/contract/report.ts'
import type { Cell, Tenant } from '../../../workers/contract/tenant.ts'
import { PASS_COOKIE, passText } from '../../../workers/domain/report/pass.ts'
import { bindings, call, makeKey, makeTenant, nobody, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/reports${rest}`
const weekly = {
  name: 'Support, each week',
  target: { kind: 'view', path: 'operations', query: '?range=7d&user_id=ann-4711%40example.com' },
  timing: { every: 'week', weekday: 1, hour: 9 },
  zone: 'Europe/Berlin',
  format: 'pdf',
}
const store = reportStore((tenant) => shardOf(bindings, tenant))
const idOf = async (who: Caller) =>
  (await (await call(who, 'GET', '/api/v1/me')).json<{ user: { id: string } }>()).user.id

async function made(tenant: TestTenant, more: object = {}, by: Caller = tenant.owner): Promise<Report> {
  const answer = await call(by, 'POST', path(tenant), { ...weekly, ...more })
  expect(answer.status, await answer.clone().text()).toBe(201)
  return Report.parse(await answer.json())
}
const seen = async (who: Caller, tenant: TestTenant) =>
  Page(Report)
    .parse(await (await call(who, 'GET', path(tenant))).json())
    .data.map(({ name }) => name)
const read = async (tenant: TestTenant, { id }: Report, by: Caller = tenant.owner) =>
  Report.parse(await (await call(by, 'GET', path(tenant, `/${id}`))).json())
const change = (who: Caller, tenant: TestTenant, { id, version }: Report, body: object) =>
  call(who, 'PATCH', path(tenant, `/${id}`), { version, ...body })

describe('scheduled reports', () => {
  it('are made, changed, paused, resumed and deleted; the audit log tells it without filters, names and people', async () => {
    const tenant = await makeTenant('eu')
    const { owner } = tenant
    const report = await made(tenant)
    expect(report).toMatchObject({
      ...{ mine: true, editable: true, paused: null, sending: false, last: null, version: 1, owner_name: 'Ann' },
      target: { kind: 'view', path: 'operations', query: 'range=7d&user_id=ann-4711%40example.com' },
      recipients: [{ user_id: await idOf(owner), name: 'Ann' }],
    })
    expect(new Date(report.next_at ?? '').getTime()).toBeGreaterThan(Date.now())
    const changed = Report.parse(
      await (await change(owner, tenant, report, { timing: { every: 'day', hour: 0 }, format: 'png' })).json(),
    )
    expect(changed).toMatchObject({ format: 'png', version: 2, name: weekly.name })
    expect(new Date(changed.next_at ?? '').getTime()).toBeLessThan(Date.now() + 25 * 3_600_000)
    expect((await change(owner, tenant, report, { name: 'Late' })).status).toBe(409)
    const paused = Report.parse(await (await change(owner, tenant, changed, { paused: true })).json())
    expect(paused).toMatchObject({ paused: 'Paused by a person.', next_at: null })
    const resumed = Report.parse(await (await change(owner, tenant, paused, { paused: false })).json())
    expect(resumed).toMatchObject({ paused: null, next_at: changed.next_at })
    expect((await call(owner, 'DELETE', path(tenant, `/${report.id}`))).status).toBe(200)
    expect((await call(owner, 'GET', path(tenant, `/${report.id}`))).status).toBe(404)

    const log = await (
      await call(owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?target=${report.id}`)
    ).json<{
      data: { action: string; after: object | null }[]
    }>()
    expect(log.data.map(({ action }) => action).sort()).toEqual([
      ...['report.create', 'report.delete', 'report.update', 'report.update', 'report.update'],
    ])
    expect(JSON.stringify(log.data.map(({ after }) => after))).toContain('"recipients":1')
    for (const secret of ['ann-4711', weekly.name]) expect(JSON.stringify(log)).not.toContain(secret)
  })

  it.each([
    ['zone', { zone: 'Mars/Olympus' }, '/zone'],
    ['hour', { timing: { every: 'day', hour: 24 } }, 'hour'],
    ['weekday', { timing: { every: 'week', weekday: 0, hour: 1 } }, 'weekday'],
    ['day', { timing: { every: 'month', day: 32, hour: 1 } }, 'day'],
    ['view', { target: { kind: 'view', path: 'settings', query: '' } }, 'path'],
    ['dashboard', { target: { kind: 'dashboard', dashboard_id: 'viw_0', query: '' } }, '/target/dashboard_id'],
    ['format', { format: 'docx' }, 'format'],
    ['empty list of recipients', { recipients: [] }, 'recipients'],
    ['stranger', { recipients: ['somebody@example.com'] }, '/recipients/0'],
  ])('of a wrong %s are refused', async (_, more, pointer) => {
    const tenant = await makeTenant()
    const answer = await call(tenant.owner, 'POST', path(tenant), { ...weekly, ...more })
    expect(answer.status).toBe(422)
    const { errors } = await answer.json<{ errors: { pointer: string }[] }>()
    expect(errors[0]?.pointer).toContain(pointer)
  })

  it('go to members of the organization only', async () => {
    const [tenant, other] = [await makeTenant(), await makeTenant()]
    const recipients = [await idOf(other.owner)]
    expect((await call(tenant.owner, 'POST', path(tenant), { ...weekly, recipients })).status).toBe(422)
    expect((await change(tenant.owner, tenant, await made(tenant), { recipients })).status).toBe(422)
  })

  it('are seen by their owner, who gets them and who leads; the latter may stop them, and not change them', async () => {
    const tenant = await makeTenant()
    const [owner, reader, stranger] = [
      await join(tenant, 'developer'),
      await join(tenant, 'finance'),
      await join(tenant, 'developer'),
    ]
    const report = await made(tenant, { recipients: [owner.id, reader.id] }, owner)
    for (const who of [tenant.owner, owner, reader]) expect(await seen(who, tenant)).toEqual([weekly.name])
    expect(await seen(stranger, tenant)).toEqual([])
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['PATCH', '', { version: 1, paused: true }],
      ['DELETE', '', undefined],
      ['POST', '/send', {}],
      ['POST', '/unsubscribe', {}],
    ] as const)
      expect((await call(stranger, method, path(tenant, `/${report.id}${rest}`), body)).status, rest).toBe(404)
    expect((await change(reader, tenant, report, { paused: true })).status).toBe(403)
    expect((await call(reader, 'POST', path(tenant, `/${report.id}/send`), {})).status).toBe(403)
    expect((await change(tenant.owner, tenant, report, { recipients: [await idOf(tenant.owner)] })).status).toBe(403)
    expect((await call(tenant.owner, 'POST', path(tenant, `/${report.id}/send`), {})).status).toBe(403)
    expect((await change(tenant.owner, tenant, report, { paused: true })).status).toBe(200)
    const paused = await read(tenant, report)
    expect((await change(tenant.owner, tenant, paused, { paused: false })).status).toBe(403)

    expect((await call(reader, 'POST', path(tenant, `/${report.id}/unsubscribe`), {})).status).toBe(200)
    expect(await seen(reader, tenant)).toEqual([])
    expect((await read(tenant, report)).recipients.map(({ user_id }) => user_id)).toEqual([owner.id])
    expect((await call(tenant.owner, 'POST', path(tenant, `/${report.id}/unsubscribe`), {})).status).toBe(409)
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${report.id}`))).status).toBe(200)
  })

  it('are not for keys, and not more than an organization may have', async () => {
    const tenant = await makeTenant()
    const key = await makeKey(tenant, ['read', 'admin'])
    expect((await call(key, 'GET', path(tenant))).status).toBe(403)
    const report = await made(tenant)
    await shardOf(bindings, { org_id: tenant.org.id, cell: 'global', shard: await shardIndex(tenant) })
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO report (org_id, id, name, owner_id, params, hour, zone, format, recipients, origin, created_ms, updated_ms, version)
         SELECT org_id, 'rpt_' || i, name, owner_id, params, hour, zone, format, recipients, origin, 1, 1, 1 FROM report, n WHERE org_id = ?1 AND id = ?3`,
      )
      .bind(tenant.org.id, REPORTS_MAX, report.id)
      .run()
    expect((await call(tenant.owner, 'POST', path(tenant), weekly)).status).toBe(409)
  })

  it('of a dashboard need that its owner sees it', async () => {
    const tenant = await makeTenant()
    const member = await join(tenant, 'developer')
    const content = { panels: [{ id: 'operations.requests', span: 12 }], query: '' }
    const dashboard = await (
      await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/views`, { kind: 'dashboard', name: 'D', content })
    ).json<{ id: string }>()
    const target = { kind: 'dashboard', dashboard_id: dashboard.id, query: 'range=7d' }
    expect((await made(tenant, { target })).target).toEqual(target)
    expect((await call(member, 'POST', path(tenant), { ...weekly, target })).status).toBe(422)
  })

  it('are sent when that is asked for, by the pipeline, and not twice in a minute', async () => {
    const tenant = await makeTenant('us')
    const report = await made(tenant, { name: 'Now' })
    const asked = await call(tenant.owner, 'POST', path(tenant, `/${report.id}/send`), {})
    expect(asked.status).toBe(200)
    expect(await asked.json()).toMatchObject({ sending: true })
    await expect.poll(async () => (await read(tenant, report)).last, { timeout: 15_000 }).not.toBeNull()
    const after = await read(tenant, report)
    // Nothing draws here: the mail says so and leads to the view.
    expect(after).toMatchObject({ sending: false, next_at: report.next_at, last: { outcome: 'sent' } })
    expect(after.last?.detail).toMatch(/no picture/)
    const mails = (await mailbox(bindings.KEYS)).filter(({ subject }) => subject === `Now · ${tenant.org.name}`)
    expect(mails).toHaveLength(1)
    expect(mails[0]?.text).toContain(`http://api.test/${tenant.org.slug}/operations?range=7d`)
    expect((await call(tenant.owner, 'POST', path(tenant, `/${report.id}/send`), {})).status).toBe(409)
  })
})

async function shardIndex({ org }: TestTenant): Promise<number> {
  const row = await bindings.CONTROL.prepare('SELECT shard FROM organization WHERE id = ?1')
    .bind(org.id)
    .first<{ shard: number }>()
  return row?.shard ?? 0
}

/** A pass as a report that is under way has it. */
async function passOf(tenant: TestTenant, cell: Cell, by: Caller = tenant.owner, lastsMs = 60_000) {
  const report = await made(tenant, {}, by)
  const place: Tenant = { org_id: tenant.org.id, cell, shard: await shardIndex(tenant) }
  const nowMs = Date.now()
  const turn = await store.ask(place, report.id, { nowMs, wakeMs: nowMs + 600_000, sinceMs: nowMs })
  const row = await store.take(place, { id: report.id, turn: turn ?? 0 }, { nowMs, wakeMs: nowMs + 600_000 })
  if (row === null) throw new Error('the turn was not taken')
  const secret = sha256Hex(crypto.randomUUID())
  await store.issue(place, row, sha256Hex(secret), nowMs + lastsMs)
  const text = passText({ tenant: place, reportId: report.id, secret })
  return { text, row, place, bearer: { headers: { cookie: `${PASS_COOKIE}=${text}` } } }
}

describe('the pass of a report', () => {
  it('reads what its owner may read of their organization, and nothing of any other', async () => {
    const [tenant, other] = [await makeTenant('eu'), await makeTenant('eu')]
    // Its owner is a member of both.
    await bindings.CONTROL.prepare(`INSERT INTO member (org_id, user_id, role, created_ms) VALUES (?1, ?2, 'owner', 1)`)
      .bind(other.org.id, await idOf(tenant.owner))
      .run()
    const { bearer } = await passOf(tenant, 'eu')
    const me = await (await call(bearer, 'GET', '/api/v1/me')).json<{ orgs: { id: string }[] }>()
    expect(me.orgs.map(({ id }) => id)).toEqual([tenant.org.id])
    const question = {
      measures: ['count'],
      from: new Date(Date.now() - 3_600_000).toISOString(),
      to: new Date().toISOString(),
    }
    const ask = ({ org }: TestTenant) => call(bearer, 'POST', `/api/v1/orgs/${org.id}/metrics/query`, question)
    expect((await ask(tenant)).status).toBe(200)
    expect((await call(bearer, 'GET', `/api/v1/orgs/${tenant.org.slug}/budgets`)).status).toBe(200)
    expect((await ask(other)).status).toBe(404)
    expect((await call(bearer, 'GET', `/api/v1/projects/${other.org.default_project_id}/traces`)).status).toBe(404)
    expect((await call(bearer, 'GET', '/api/v1/invitations')).status).not.toBe(200)
  })

  it('changes nothing, by any route', async () => {
    const tenant = await makeTenant()
    const { bearer } = await passOf(tenant, 'global')
    const document = await (
      await call(nobody, 'GET', '/api/openapi.json')
    ).json<{ paths: Record<string, Record<string, { 'x-permission'?: string }>> }>()
    // What asks with a body, and changes nothing.
    const reads = ['metrics/query', 'metrics/queries', 'alerts/rules/preview'].map((end) => `/api/v1/orgs/{org}/${end}`)
    let refused = 0
    for (const [template, item] of Object.entries(document.paths))
      for (const [method, op] of Object.entries(item)) {
        const permission = op['x-permission']
        if (permission === undefined) continue
        const filled = template
          .replace('{org}', tenant.org.id)
          .replace('{project}', tenant.org.default_project_id)
          .replace(/\{\w+\}/g, 'x')
        const body = method === 'get' || method === 'delete' ? undefined : {}
        const { status } = await call(bearer, method.toUpperCase(), filled, body)
        const mayRead = permission.endsWith('.read') && (method === 'get' || reads.includes(template))
        if (mayRead || template === '/api/v1/me') expect(status, `${method} ${template}`).toBeLessThan(500)
        if (template === '/api/v1/me' && method === 'get') continue
        if (!mayRead) {
          refused++
          expect(status, `${method} ${template}`).toBe(403)
        }
      }
    expect(refused).toBeGreaterThan(50)
    const upgrade = { upgrade: 'websocket' }
    const live = await call(bearer, 'GET', `/api/v1/projects/${tenant.org.default_project_id}/live`, undefined, upgrade)
    expect(live.status).toBe(403)
    const password = { currentPassword: 'correct horse battery staple', newPassword: 'another battery staple' }
    expect(
      (await call(bearer, 'POST', '/api/auth/change-password', password, { origin: 'http://api.test' })).status,
    ).toBe(401)
  })

  it('is weaker than its owner where it should be: with it, a session is worth nothing', async () => {
    const tenant = await makeTenant()
    const { text } = await passOf(tenant, 'global')
    const both = { headers: { cookie: `${tenant.owner.headers['cookie']}; ${PASS_COOKIE}=${text}` } }
    expect((await call(both, 'POST', path(tenant), weekly)).status).toBe(403)
    const broken = { headers: { cookie: `${tenant.owner.headers['cookie']}; ${PASS_COOKIE}=nonsense` } }
    expect((await call(broken, 'GET', '/api/v1/me')).status).toBe(401)
  })

  it('ends with its time, with the drawing, with the membership, and with the role', async () => {
    const tenant = await makeTenant('eu')
    const late = await passOf(tenant, 'eu', tenant.owner, -1)
    expect((await call(late.bearer, 'GET', '/api/v1/me')).status).toBe(401)
    const drawn = await passOf(tenant, 'eu')
    expect((await call(drawn.bearer, 'GET', '/api/v1/me')).status).toBe(200)
    expect(await store.mail(drawn.place, drawn.row)).toBe(true)
    expect((await call(drawn.bearer, 'GET', '/api/v1/me')).status).toBe(401)

    const member = await join(tenant, 'admin')
    const hers = await passOf(tenant, 'eu', member)
    const audit = `/api/v1/orgs/${tenant.org.id}/audit`
    expect((await call(hers.bearer, 'GET', audit)).status).toBe(200)
    await call(tenant.owner, 'PATCH', `/api/v1/orgs/${tenant.org.id}/members/${member.id}`, { role: 'developer' })
    expect((await call(hers.bearer, 'GET', audit)).status).toBe(403)
    await call(tenant.owner, 'DELETE', `/api/v1/orgs/${tenant.org.id}/members/${member.id}`)
    expect((await call(hers.bearer, 'GET', '/api/v1/me')).status).toBe(401)
  })

  it('is good where it was given only', async () => {
    const [eu, us] = [await makeTenant('eu'), await makeTenant('us')]
    const { text } = await passOf(eu, 'eu')
    for (const moved of [text.replace(/^eu/, 'us'), text.replace('.0.', '.7.'), text.replace(eu.org.id, us.org.id)]) {
      const answer = await call({ headers: { cookie: `${PASS_COOKIE}=${moved}` } }, 'GET', '/api/v1/me')
      expect(answer.status).toBe(401)
    }
  })
})
