import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { Page } from '../../../workers/contract/api.ts'
import { Budget, BudgetDetail } from '../../../workers/contract/budget.ts'
import { ForecastPath } from '../../../workers/contract/budget-forecast.ts'
import { bindings, call, makeTenant, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'
import { officeHours, spendOf } from '../../support/spending.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/budgets${rest}`
const monthly = { name: 'All', scope: { type: 'org' }, period: 'month', limit_usd: '10.00', hard: true }
const DAY_MS = 86_400_000
const thisHour = () => Math.floor(Date.now() / 3_600_000) * 3_600_000
const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()

async function made(tenant: TestTenant, more: object = {}): Promise<Budget> {
  const answer = await call(tenant.owner, 'POST', path(tenant), { ...monthly, ...more })
  expect(answer.status).toBe(201)
  return Budget.parse(await answer.json())
}

describe('budgets', () => {
  it('are made with what was left out, listed, changed and removed, and the audit log tells it', async () => {
    const tenant = await makeTenant('eu')
    const budget = await made(tenant)
    expect(budget).toMatchObject({
      limit_usd: '10.000000000',
      left_usd: '10.000000000',
      thresholds: [50, 80, 100],
      on_limit: 'block',
      on_unreachable: 'open',
      time_zone: 'UTC',
      extension: null,
    })
    expect(budget.resets_at).toMatch(/-01T00:00:00\.000Z$/)
    const changed = await call(tenant.owner, 'PATCH', path(tenant, `/${budget.id}`), {
      limit_usd: '12.5',
      thresholds: [90, 90, 10],
    })
    expect(await changed.json()).toMatchObject({ limit_usd: '12.500000000', thresholds: [10, 90], name: 'All' })
    const list = await (await call(tenant.owner, 'GET', path(tenant))).json<{ data: unknown[] }>()
    expect(list.data).toHaveLength(1)
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${budget.id}`))).status).toBe(200)
    expect((await call(tenant.owner, 'GET', path(tenant, `/${budget.id}`))).status).toBe(404)
    const log = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=budget`)
    ).json<{ data: { action: string }[] }>()
    expect(log.data.map(({ action }) => action)).toEqual(['budget.remove', 'budget.update', 'budget.create'])
  })

  it.each<[string, object, string]>([
    ['no limit', { limit_usd: undefined }, '/limit_usd'],
    ['a limit of nothing', { limit_usd: '0.00' }, '/limit_usd'],
    ['ten decimals', { limit_usd: '1.0000000001' }, '/limit_usd'],
    ['an agent without an id', { scope: { type: 'agent' } }, '/scope/id'],
    ['the organization with one', { scope: { type: 'org', id: 'x' } }, '/scope/id'],
    ['a threshold of nothing', { thresholds: [0] }, '/thresholds/0'],
    ['a downgrade to nothing', { on_limit: 'downgrade' }, '/downgrade_to'],
    ['a model to downgrade to, without that', { downgrade_to: 'mini' }, '/downgrade_to'],
    ['a month that is none', { planned_usd: { '2026-13': '1' } }, '/planned_usd/2026-13'],
  ])('are refused with %s', async (_, more, pointer) => {
    const tenant = await makeTenant()
    const answer = await call(tenant.owner, 'POST', path(tenant), { ...monthly, ...more })
    expect(answer.status).toBe(422)
    const problem = await answer.json<{ errors: { pointer: string }[] }>()
    expect(problem.errors.map((one) => one.pointer)).toContain(pointer)
  })

  it('begin their periods in the zone of the organization', async () => {
    const tenant = await makeTenant('us')
    await made(tenant, { period: 'day' })
    const org = `/api/v1/orgs/${tenant.org.id}`
    expect((await call(tenant.owner, 'PATCH', org, { time_zone: 'Mars/Olympus' })).status).toBe(422)
    const changed = await call(tenant.owner, 'PATCH', org, { time_zone: 'Asia/Kathmandu' })
    expect(await changed.json()).toMatchObject({ time_zone: 'Asia/Kathmandu' })
    const list = await (await call(tenant.owner, 'GET', path(tenant))).json<{ data: Budget[] }>()
    expect(list.data[0]).toMatchObject({
      time_zone: 'Asia/Kathmandu',
      resets_at: expect.stringMatching(/T18:15:00/) as string,
    })
  })

  it('are extended by whoever may, once', async () => {
    const tenant = await makeTenant('eu')
    const budget = await made(tenant)
    const developer = await join(tenant, 'developer')
    const asked = await call(developer, 'POST', path(tenant, `/${budget.id}/extensions`), {
      amount_usd: '5',
      until: inAnHour(),
      reason: 'launch',
    })
    expect(asked.status).toBe(201)
    const { id } = await asked.json<{ id: string }>()
    const decide = (verb: string) => `/api/v1/orgs/${tenant.org.id}/extensions/${id}/${verb}`
    expect((await call(developer, 'POST', decide('grant'))).status).toBe(403)
    expect(await (await call(tenant.owner, 'POST', decide('grant'))).json()).toMatchObject({ state: 'granted' })
    expect((await call(tenant.owner, 'POST', decide('decline'))).status).toBe(409)
    const one = await (await call(tenant.owner, 'GET', path(tenant, `/${budget.id}`))).json()
    expect(one).toMatchObject({
      limit_usd: '10.000000000',
      left_usd: '15.000000000',
      extension: { amount_usd: '5.000000000' },
    })
    const late = await call(tenant.owner, 'POST', path(tenant, `/${budget.id}/extensions`), {
      amount_usd: '5',
      until: '2020-01-01T00:00:00Z',
      reason: 'x',
    })
    expect(late.status).toBe(422)
  })

  it('tell the edge hashes, and no name, of what to do when they cannot be asked', async () => {
    const tenant = await makeTenant('eu')
    await made(tenant, { scope: { type: 'user', id: 'customer-4711' }, on_unreachable: 'closed' })
    const stored = await bindings.KEYS.get(`guard:${tenant.org.id}`)
    expect(stored).toMatch(/"on_unreachable":"closed"/)
    expect(stored).not.toContain('customer-4711')
    const log = await (await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=budget`)).text()
    expect(log).not.toContain('customer-4711')
  })

  it('have a forecast, and a burn-down with it, once there is history', async () => {
    const tenant = await makeTenant('eu')
    const own = { name: 'Own', scope: { type: 'project', id: tenant.org.default_project_id } }
    const [all, ofProject] = [
      await made(tenant, { limit_usd: '900000', planned_usd: { '2026-01': '3' } }),
      await made(tenant, own),
    ]
    expect(all).toMatchObject({ forecast: null, forecast_reason: 'pending' })
    const object = cellFor(bindings, 'eu').object(bindings.TENANT_BUDGET, tenant.org.id)
    const project_id = tenant.org.default_project_id
    await object.apply('c', spendOf(thisHour() - 30 * DAY_MS, thisHour(), officeHours, { project_id }))
    const list = Page(Budget).parse(await (await call(tenant.owner, 'GET', path(tenant))).json()).data
    expect(list.map(({ forecast }) => forecast?.method)).toEqual(['mstl_ets', 'mstl_ets'])
    const one = BudgetDetail.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${all.id}`))).json())
    expect(one).toMatchObject({ thresholds_reached: [], forecast: { made_at: list[0]?.forecast?.made_at } })
    expect(one.variance).toHaveLength(new Date().toISOString() < '2026-03' ? 2 : 3)
    const burnDown = ForecastPath.parse(
      await (await call(tenant.owner, 'GET', path(tenant, `/${all.id}/forecast`))).json(),
    )
    expect(burnDown.path.at(-1)?.expected_usd).toBe(burnDown.forecast?.expected_usd)
    const member = await join(tenant, 'developer', [project_id])
    const seen = async (id: string) => [
      (await call(member, 'GET', path(tenant, `/${id}`))).status,
      (await call(member, 'GET', path(tenant, `/${id}/forecast`))).status,
    ]
    expect([await seen(all.id), await seen(ofProject.id)]).toEqual([
      [404, 404],
      [200, 200],
    ])
    const stranger = await makeTenant('eu')
    expect((await call(stranger.owner, 'GET', path(stranger, `/${all.id}/forecast`))).status).toBe(404)
  })

  it('show a member of some projects only what is of these', async () => {
    const tenant = await makeTenant()
    await made(tenant)
    const own = await made(tenant, { name: 'Own', scope: { type: 'project', id: tenant.org.default_project_id } })
    const member = await join(tenant, 'developer', [tenant.org.default_project_id])
    const list = await (await call(member, 'GET', path(tenant))).json<{ data: Budget[] }>()
    expect(list.data.map(({ id }) => id)).toEqual([own.id])
  })
})
