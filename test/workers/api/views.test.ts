import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { viewStore } from '../../../workers/adapters/d1/view-store.ts'
import { Page } from '../../../workers/contract/api.ts'
import { SavedView, SAVED_VIEWS_MAX } from '../../../workers/contract/dashboard.ts'
import { bindings, call, makeKey, makeTenant, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/views${rest}`
const view = {
  kind: 'view',
  name: 'Support agents',
  content: { path: 'operations', query: '?agent_id=support&user_id=ann-4711%40example.com&cursor=x' },
}
const dashboard = {
  kind: 'dashboard',
  name: 'Mornings',
  content: {
    panels: [
      { id: 'operations.requests', span: 12 },
      { id: 'finance.spend-by', span: 6 },
    ],
    query: 'range=7d',
  },
}

async function made(tenant: TestTenant, body: object, by: Caller = tenant.owner): Promise<SavedView> {
  const answer = await call(by, 'POST', path(tenant), body)
  expect(answer.status, await answer.clone().text()).toBe(201)
  return SavedView.parse(await answer.json())
}

const seen = async (who: Caller, tenant: TestTenant) =>
  Page(SavedView)
    .parse(await (await call(who, 'GET', path(tenant))).json())
    .data.map(({ name }) => name)

const change = (who: Caller, tenant: TestTenant, { id, version }: SavedView, body: object) =>
  call(who, 'PATCH', path(tenant, `/${id}`), { version, ...body })

describe('saved views', () => {
  it('are kept, listed newest first, changed and deleted; the audit log tells it without filters and names', async () => {
    const tenant = await makeTenant('eu')
    const first = await made(tenant, view)
    expect(first).toMatchObject({
      ...{ shared: false, mine: true, editable: true, owner_name: 'Ann', version: 1 },
      content: { path: 'operations', query: 'agent_id=support&user_id=ann-4711%40example.com' },
    })
    const second = await made(tenant, dashboard)
    expect(second.content).toEqual(dashboard.content)
    expect(await seen(tenant.owner, tenant)).toEqual(['Mornings', 'Support agents'])
    const panels = [...dashboard.content.panels].reverse()
    const changed = await change(tenant.owner, tenant, second, { name: 'Evenings', content: { panels } })
    expect(await changed.json()).toMatchObject({
      ...{ name: 'Evenings', shared: false, version: 2 },
      content: { panels, query: 'range=7d' },
    })
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${first.id}`))).status).toBe(200)
    expect((await call(tenant.owner, 'GET', path(tenant, `/${first.id}`))).status).toBe(404)
    expect(await seen(tenant.owner, tenant)).toEqual(['Evenings'])
    const log = await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=view`)
    const text = await log.clone().text()
    const { data } = await log.json<{ data: { action: string; after: object | null }[] }>()
    expect(data.map(({ action }) => action)).toEqual(['view.delete', 'view.update', 'view.create', 'view.create'])
    expect(data[1]?.after).toMatchObject({ changed: ['name', 'panels'], panels: panels.map(({ id }) => id) })
    for (const word of ['ann-4711', 'Support agents', 'Evenings', 'range=7d']) expect(text).not.toContain(word)
  })

  it('are seen by their owner alone until they are shared, and then changed by who leads the organization', async () => {
    const tenant = await makeTenant()
    const [developer, finance, admin] = [
      await join(tenant, 'developer'),
      await join(tenant, 'finance', [tenant.org.default_project_id]),
      await join(tenant, 'admin'),
    ]
    const own = await made(tenant, dashboard, developer)
    for (const other of [tenant.owner, finance, admin]) {
      expect(await seen(other, tenant)).toEqual([])
      expect((await call(other, 'GET', path(tenant, `/${own.id}`))).status).toBe(404)
      expect((await change(other, tenant, own, { name: 'Taken' })).status).toBe(404)
      expect((await call(other, 'DELETE', path(tenant, `/${own.id}`))).status).toBe(404)
    }
    const shared = SavedView.parse(await (await change(developer, tenant, own, { shared: true })).json())
    const read = async (who: Caller) =>
      SavedView.parse(await (await call(who, 'GET', path(tenant, `/${own.id}`))).json())
    expect(await read(finance)).toMatchObject({ mine: false, editable: false, owner_name: 'developer' })
    expect((await change(finance, tenant, shared, { name: 'Taken' })).status).toBe(403)
    expect((await call(finance, 'DELETE', path(tenant, `/${own.id}`))).status).toBe(403)
    const privately = await change(admin, tenant, shared, { shared: false })
    expect(privately.status).toBe(403)
    expect(await privately.text()).toContain('Only its owner')
    const renamed = await change(admin, tenant, shared, { name: 'Ours' })
    expect(await renamed.json()).toMatchObject({ name: 'Ours', mine: false, editable: true })
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${own.id}`))).status).toBe(200)
    expect(await seen(developer, tenant)).toEqual([])
  })

  it('are not overwritten by who read an older version, and that is said', async () => {
    const tenant = await makeTenant()
    const one = await made(tenant, dashboard)
    const both = await Promise.all(['A', 'B'].map((name) => change(tenant.owner, tenant, one, { name })))
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409])
    const late = await change(tenant.owner, tenant, one, { name: 'C' })
    expect(late.status).toBe(409)
    expect(await late.json()).toMatchObject({
      code: 'conflict',
      detail: expect.stringContaining('load it again') as string,
    })
    expect(await seen(tenant.owner, tenant)).not.toContain('C')
  })

  it.each([
    ['panels of a view', view, { content: { panels: dashboard.content.panels } }, '/content/panels'],
    ['a page of a dashboard', dashboard, { content: { path: 'finance' } }, '/content/path'],
    [
      'a panel twice',
      dashboard,
      { content: { panels: [1, 2].map(() => ({ id: 'a.b', span: 3 })) } },
      '/content/panels/1/id',
    ],
    ['no version', view, { version: undefined }, '/version'],
  ])('refuse %s', async (_, body, wrong, pointer) => {
    const tenant = await makeTenant()
    const answer = await change(tenant.owner, tenant, await made(tenant, body), wrong)
    expect(answer.status).toBe(422)
    expect(await answer.json()).toMatchObject({ errors: [{ pointer }] })
  })

  it(`are ${SAVED_VIEWS_MAX} at most, and say so`, async () => {
    const tenant = await makeTenant('eu')
    await made(tenant, view)
    await cellFor(bindings, 'eu')
      .shard(0)
      .prepare(
        `WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO saved_view SELECT org_id, 'viw_' || i, kind, name, owner_id, shared, page, panels, params, 1, 1, 1 FROM saved_view, n WHERE org_id = ?1`,
      )
      .bind(tenant.org.id, SAVED_VIEWS_MAX)
      .run()
    const answer = await call(tenant.owner, 'POST', path(tenant), view)
    expect(answer.status).toBe(409)
    expect(await answer.text()).toContain(`at most ${SAVED_VIEWS_MAX}`)
    await call(tenant.owner, 'DELETE', path(tenant, '/viw_7'))
    await made(tenant, view)
  })

  it('are read by a key of the organization, which is told of nobody, and not by one of a project', async () => {
    const tenant = await makeTenant()
    const shared = await made(tenant, { ...view, shared: true })
    await made(tenant, dashboard)
    const created = await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/keys`, {
      name: 'bot',
      scopes: ['read'],
    })
    const { key } = await created.json<{ key: string }>()
    const bot = { headers: { authorization: `Bearer ${key}` } }
    expect(await seen(bot, tenant)).toEqual([view.name])
    const read = await call(bot, 'GET', path(tenant, `/${shared.id}`))
    expect(await read.json()).toMatchObject({ mine: false, editable: false, owner_name: null })
    expect((await call(bot, 'POST', path(tenant), view)).status).toBe(403)
    const ofProject = await makeKey(tenant, ['read', 'admin'])
    expect(await seen(ofProject, tenant)).toEqual([])
    expect((await call(ofProject, 'GET', path(tenant, `/${shared.id}`))).status).toBe(404)
  })

  it('stay without an owner when a member goes, and private ones go along', async () => {
    const tenant = await makeTenant('eu')
    for (const leave of [false, true]) {
      const person = await join(tenant, 'developer')
      const shared = await made(tenant, { ...dashboard, shared: true }, person)
      const own = await made(tenant, view, person)
      const gone = leave
        ? await call(person, 'POST', `/api/v1/orgs/${tenant.org.id}/leave`)
        : await call(tenant.owner, 'DELETE', `/api/v1/orgs/${tenant.org.id}/members/${person.id}`)
      expect(gone.status).toBe(200)
      const left = await call(tenant.owner, 'GET', path(tenant, `/${shared.id}`))
      expect(await left.json()).toMatchObject({ owner_name: null, mine: false, editable: true })
      const stored = viewStore(() => cellFor(bindings, 'eu').shard(0))
      const place = { org_id: tenant.org.id, cell: 'eu', shard: 0 } as const
      expect(await stored.find(place, own.id)).toBeNull()
      expect(await stored.find(place, shared.id)).toMatchObject({ ownerId: null })
    }
  })

  it('wait until the organization has moved, and say so', async () => {
    const tenant = await makeTenant('us')
    const one = await made(tenant, view)
    await cellFor(bindings, 'us')
      .shard(0)
      .prepare('INSERT INTO moving (org_id, move_id, commits_held, jobs_held) VALUES (?1, ?1, 1, 1)')
      .bind(tenant.org.id)
      .run()
    const answers = [
      await call(tenant.owner, 'POST', path(tenant), view),
      await change(tenant.owner, tenant, one, { name: 'x' }),
      await call(tenant.owner, 'DELETE', path(tenant, `/${one.id}`)),
    ]
    for (const answer of answers) {
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('60')
      expect(await answer.text()).toContain('moving to another region')
    }
    expect(await seen(tenant.owner, tenant)).toEqual([view.name])
  })
})
