import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import type { Rule } from '../../../workers/contract/alert.ts'
import { Page } from '../../../workers/contract/api.ts'
import type { Budget } from '../../../workers/contract/budget.ts'
import { Slo, SloDetail, SLOS_MAX } from '../../../workers/contract/slo.ts'
import { bindings, call, makeKey, makeTenant, type Caller, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/slos${rest}`
const rules = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/alerts/rules${rest}`
const success = { name: 'Requests succeed', indicator: { type: 'success_rate' } }
const variance = (budget_id: string) => ({ name: 'As planned', indicator: { type: 'budget_variance', budget_id } })

async function made(tenant: TestTenant, body: object = success, by: Caller = tenant.owner): Promise<Slo> {
  const answer = await call(by, 'POST', path(tenant), body)
  expect(answer.status, await answer.clone().text()).toBe(201)
  return Slo.parse(await answer.json())
}

async function budgetOf(tenant: TestTenant, scope: object = { type: 'org' }): Promise<Budget> {
  const body = { name: 'All', scope, period: 'month', limit_usd: '10' }
  return (await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/budgets`, body)).json<Budget>()
}

const seen = async (who: Caller, tenant: TestTenant) =>
  Page(Slo)
    .parse(await (await call(who, 'GET', path(tenant))).json())
    .data.map(({ name }) => name)

async function pointersOf(answer: Response): Promise<string[]> {
  expect(answer.status, await answer.clone().text()).toBe(422)
  return (await answer.json<{ errors: { pointer: string }[] }>()).errors.map(({ pointer }) => pointer)
}

describe('objectives', () => {
  it('are made with what was left out, listed, changed and removed, and the audit log tells it', async () => {
    const tenant = await makeTenant('eu')
    const slo = await made(tenant)
    expect(slo).toMatchObject({
      indicator: { type: 'success_rate', kind: 'request', filters: [] },
      objective: 0.99,
      window_days: 28,
      project_id: null,
      alerts: 'both',
      channels: [],
      status: null,
    })
    const changed = await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { objective: 0.995, window_days: 7 })
    expect(await changed.json()).toMatchObject({ objective: 0.995, window_days: 7, name: slo.name })
    expect(await seen(tenant.owner, tenant)).toEqual([slo.name])
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${slo.id}`))).status).toBe(200)
    expect((await call(tenant.owner, 'GET', path(tenant, `/${slo.id}`))).status).toBe(404)
    expect((await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { objective: 0.9 })).status).toBe(404)
    const log = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=slo`)
    ).json<{ data: { action: string }[] }>()
    expect(log.data.map(({ action }) => action)).toEqual(['slo.remove', 'slo.update', 'slo.create'])
  })

  it.each<[string, object, string]>([
    ['no name', { name: '' }, '/name'],
    ['an indicator that is none', { indicator: { type: 'luck' } }, '/indicator/type'],
    ['an objective of all', { objective: 1 }, '/objective'],
    ['an objective in percent', { objective: 99 }, '/objective'],
    ['a window of no use', { window_days: 8 }, '/window_days'],
    ['a latency without its limit', { indicator: { type: 'latency' } }, '/indicator/threshold_ms'],
    [
      'filters on what requests do not carry',
      { indicator: { type: 'success_rate', filters: [{ dimension: 'model', values: ['m'] }] } },
      '/indicator/filters',
    ],
    ['a budget that is not there', variance('bdg_0'), '/indicator/budget_id'],
    [
      'a tolerance of nothing',
      { indicator: { type: 'budget_variance', budget_id: 'bdg_0', tolerance: 0 } },
      '/indicator/tolerance',
    ],
    ['a project that is not there', { project_id: 'prj_0' }, '/project_id'],
    ['a channel that is not there', { channels: ['chn_0'] }, '/channels/0'],
  ])('are refused with %s', async (_, more, pointer) => {
    const tenant = await makeTenant()
    const answer = await call(tenant.owner, 'POST', path(tenant), { ...success, ...more })
    expect(await pointersOf(answer)).toContain(pointer)
  })

  it('keep what they measure', async () => {
    const tenant = await makeTenant()
    const slo = await made(tenant)
    const change = { indicator: { type: 'latency', threshold_ms: 5 } }
    expect(await pointersOf(await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), change))).toEqual([
      '/indicator/type',
    ])
  })

  it('take their objective from the tolerance of a budget, and its project', async () => {
    const tenant = await makeTenant()
    const { default_project_id } = tenant.org
    const own = await made(tenant, variance((await budgetOf(tenant)).id))
    expect(own).toMatchObject({ objective: 0.95, project_id: null, indicator: { tolerance: 0.05 } })
    const budget = await budgetOf(tenant, { type: 'project', id: default_project_id })
    const slo = await made(tenant, { ...variance(budget.id), objective: 0.5 })
    expect(slo).toMatchObject({ objective: 0.95, project_id: default_project_id })
    const wrong = { ...variance((await budgetOf(tenant)).id), project_id: default_project_id }
    expect(await pointersOf(await call(tenant.owner, 'POST', path(tenant), wrong))).toEqual(['/project_id'])
    const indicator = { type: 'budget_variance', budget_id: budget.id, tolerance: 0.2 }
    const changed = await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { indicator })
    expect(await changed.json()).toMatchObject({ objective: 0.8, project_id: default_project_id })
    const detail = SloDetail.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${slo.id}`))).json())
    expect(detail.history).toHaveLength(28)
  })

  it('show the days of their window', async () => {
    const tenant = await makeTenant()
    const slo = await made(tenant, { ...success, window_days: 7 })
    const detail = SloDetail.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${slo.id}`))).json())
    expect(detail.history).toHaveLength(7)
    expect(detail.history.map(({ sli, budget_left }) => [sli, budget_left])).toEqual(
      Array.from({ length: 7 }, () => [null, null]),
    )
  })

  it(`are ${SLOS_MAX} at most`, async () => {
    const tenant = await makeTenant()
    const stub = cellFor(bindings, 'global').object(bindings.ORG_ALERTS, tenant.org.id)
    const place = { org_id: tenant.org.id, cell: 'global', shard: 0 } as const
    const input = { ...(await made(tenant, { ...success, alerts: null })) }
    for (let i = 1; i < SLOS_MAX; i++)
      await stub.createSlo(place, { slo: `slo_${i}`, rule: `rul_${i}` }, 'UTC', { ...input, name: `${i}` })
    const answer = await call(tenant.owner, 'POST', path(tenant), success)
    expect(answer.status).toBe(409)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(`${SLOS_MAX} objectives`) as string })
  })
})

describe('the alert rule of an objective', () => {
  const ruleOf = async (tenant: TestTenant, { rule_id }: Slo) =>
    (await call(tenant.owner, 'GET', rules(tenant, `/${rule_id}`))).json<Rule>()

  it('is made, follows it, and goes with it', async () => {
    const tenant = await makeTenant()
    const slo = await made(tenant)
    expect(await ruleOf(tenant, slo)).toMatchObject({
      name: slo.name,
      preset: 'slo_burn',
      condition: { type: 'burn_rate', slo_id: slo.id, windows: 'both' },
    })
    const change = { name: 'Renamed', alerts: 'fast', project_id: tenant.org.default_project_id }
    await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), change)
    expect(await ruleOf(tenant, slo)).toMatchObject({
      name: 'Renamed',
      project_id: tenant.org.default_project_id,
      condition: { windows: 'fast' },
    })
    const silent = Slo.parse(
      await (await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { alerts: null })).json(),
    )
    expect(silent.rule_id).toBeNull()
    expect((await call(tenant.owner, 'GET', rules(tenant, `/${slo.rule_id}`))).status).toBe(404)
    const loud = Slo.parse(
      await (await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { alerts: 'slow' })).json(),
    )
    expect(await ruleOf(tenant, loud)).toMatchObject({ condition: { windows: 'slow' } })
    await call(tenant.owner, 'DELETE', path(tenant, `/${slo.id}`))
    expect((await call(tenant.owner, 'GET', rules(tenant, `/${loud.rule_id}`))).status).toBe(404)
  })

  it('is not removed or turned to something else by hand, and says why', async () => {
    const tenant = await makeTenant()
    const slo = await made(tenant)
    const removed = await call(tenant.owner, 'DELETE', rules(tenant, `/${slo.rule_id}`))
    expect(removed.status).toBe(409)
    expect(await removed.json()).toMatchObject({ detail: expect.stringContaining(`“${slo.name}”`) as string })
    const change = { name: 'Mine', condition: { type: 'burn_rate', slo_id: slo.id, windows: 'slow' } }
    const changed = await call(tenant.owner, 'PATCH', rules(tenant, `/${slo.rule_id}`), change)
    expect(await pointersOf(changed)).toEqual(['/name', '/condition'])
    const allowed = { enabled: false, for_minutes: 5, runbook_url: 'https://example.com/runbook' }
    const kept = await call(tenant.owner, 'PATCH', rules(tenant, `/${slo.rule_id}`), allowed)
    expect(await kept.json()).toMatchObject(allowed)
    await call(tenant.owner, 'PATCH', path(tenant, `/${slo.id}`), { name: 'Renamed' })
    expect(await ruleOf(tenant, slo)).toMatchObject({ ...allowed, name: 'Renamed' })
  })

  it('may be joined by others on the same objective, which people remove', async () => {
    const tenant = await makeTenant()
    const slo = await made(tenant)
    const body = { name: 'Also', condition: { type: 'burn_rate', slo_id: slo.id, windows: 'fast' } }
    const other = await (await call(tenant.owner, 'POST', rules(tenant), body)).json<Rule>()
    expect((await call(tenant.owner, 'DELETE', rules(tenant, `/${other.id}`))).status).toBe(200)
  })
})

describe('members of some projects', () => {
  it('see and make objectives of these only', async () => {
    const tenant = await makeTenant()
    const { default_project_id } = tenant.org
    const body = { name: 'Other', workspace_id: tenant.org.default_workspace_id }
    const other = await (
      await call(tenant.owner, 'POST', `/api/v1/orgs/${tenant.org.id}/projects`, body)
    ).json<{ id: string }>()
    const operator = await join(tenant, 'operator', [default_project_id])
    const all = await made(tenant, { ...success, name: 'all' })
    const hidden = await made(tenant, { ...success, name: 'hidden', project_id: other.id })
    await made(tenant, { ...success, name: 'own', project_id: default_project_id })
    const key = await makeKey(tenant, ['read', 'admin'])
    for (const who of [operator, key]) {
      expect(await seen(who, tenant)).toEqual(['own'])
      for (const slo of [all, hidden]) {
        expect((await call(who, 'GET', path(tenant, `/${slo.id}`))).status).toBe(404)
        expect((await call(who, 'PATCH', path(tenant, `/${slo.id}`), { name: 'x' })).status).toBe(404)
        expect((await call(who, 'DELETE', path(tenant, `/${slo.id}`))).status).toBe(404)
      }
      for (const project_id of [null, other.id]) {
        const answer = await call(who, 'POST', path(tenant), { ...success, project_id })
        expect(await pointersOf(answer)).toEqual(['/project_id'])
      }
      const budget = await budgetOf(tenant)
      expect(await pointersOf(await call(who, 'POST', path(tenant), variance(budget.id)))).toEqual([
        '/indicator/budget_id',
      ])
      const seenBudget = await budgetOf(tenant, { type: 'project', id: default_project_id })
      await made(tenant, variance(seenBudget.id), who)
      const [mine] = (await seen(who, tenant)).filter((name) => name === 'As planned')
      expect(mine).toBe('As planned')
      const list = Page(Slo).parse(await (await call(who, 'GET', path(tenant))).json()).data
      const slo = list.find(({ name }) => name === 'As planned')
      expect((await call(who, 'DELETE', path(tenant, `/${slo?.id}`))).status).toBe(200)
    }
  })

  it('does not write the people of filters into the audit log', async () => {
    const tenant = await makeTenant()
    const filters = [{ dimension: 'user_id', values: ['ann-4711'] }]
    // Requests carry no user; what carries one is no kind of objective, so it is refused and nothing is written.
    const answer = await call(tenant.owner, 'POST', path(tenant), {
      ...success,
      indicator: { type: 'success_rate', filters },
    })
    expect(await pointersOf(answer)).toEqual(['/indicator/filters'])
    const log = await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit`)
    expect(await log.text()).not.toContain('ann-4711')
  })
})
