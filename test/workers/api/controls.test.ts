import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { BreakerView, Control, type CallOutcome } from '../../../workers/contract/control.ts'
import type { TenantBudgetRpc } from '../../../workers/contract/budget.ts'
import type { Cell } from '../../../workers/contract/tenant.ts'
import { bindings, call, makeTenant, type TestTenant } from '../../support/api.ts'
import { join } from '../../support/members.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/controls${rest}`
const BREAKER = { min_requests: 2, error_rate: 0.5, window_s: 60, open_s: 30, half_open_max: 1 }

async function made(tenant: TestTenant, more: object = { retries_max: 3 }): Promise<Control> {
  const answer = await call(tenant.owner, 'POST', path(tenant), { name: 'Rail', scope: { type: 'org' }, ...more })
  expect(answer.status).toBe(201)
  return Control.parse(await answer.json())
}
const listed = async <T>(tenant: TestTenant, name: string, person = tenant.owner) =>
  (await (await call(person, 'GET', `/api/v1/orgs/${tenant.org.id}/${name}`)).json<{ data: T[] }>()).data

describe('run-time controls', () => {
  it('are made, listed, changed and removed, and the audit log tells it', async () => {
    const tenant = await makeTenant('eu')
    const control = await made(tenant, {
      scope: { type: 'agent', id: 'bot' },
      retries_max: 3,
      tools_allowed: ['b', 'a', 'b'],
      loop: { repeats_max: 4 },
    })
    expect(control).toMatchObject({
      scope: { type: 'agent', id: 'bot' },
      retries_max: 3,
      tools_allowed: ['a', 'b'],
      loop: { repeats_max: 4, depth_max: null, steps_max: null },
      breaker: null,
      context_tokens_max: null,
      record: 'all',
    })
    const changed = await call(tenant.owner, 'PATCH', path(tenant, `/${control.id}`), {
      retries_max: null,
      breaker: BREAKER,
      record: 'refusals',
    })
    expect(await changed.json()).toMatchObject({ retries_max: null, breaker: BREAKER, tools_allowed: ['a', 'b'] })
    expect(await (await call(tenant.owner, 'GET', path(tenant, `/${control.id}`))).json()).toMatchObject({
      record: 'refusals',
    })
    expect(await listed<Control>(tenant, 'controls')).toHaveLength(1)
    expect((await call(tenant.owner, 'DELETE', path(tenant, `/${control.id}`))).status).toBe(200)
    for (const method of ['GET', 'DELETE'])
      expect((await call(tenant.owner, method, path(tenant, `/${control.id}`))).status).toBe(404)
    expect((await call(tenant.owner, 'PATCH', path(tenant, `/${control.id}`), { retries_max: 1 })).status).toBe(404)
    const log = await listed<{ action: string }>(tenant, 'audit?action=control')
    expect(log.map(({ action }) => action)).toEqual(['control.remove', 'control.update', 'control.create'])
  })

  it.each<[string, object, string]>([
    ['nothing set', {}, '/'],
    ['half a retry', { retries_max: 1.5 }, '/retries_max'],
    ['an agent without an id', { scope: { type: 'agent' }, retries_max: 1 }, '/scope/id'],
    ['a scope that budgets alone have', { scope: { type: 'user', id: 'u' }, retries_max: 1 }, '/scope/type'],
    ['a rate of nothing', { breaker: { ...BREAKER, error_rate: 0 } }, '/breaker/error_rate'],
    ['a rate above all', { breaker: { ...BREAKER, error_rate: 1.1 } }, '/breaker/error_rate'],
    ['too short a window', { breaker: { ...BREAKER, window_s: 9 } }, '/breaker/window_s'],
    ['a loop without a limit', { loop: {} }, '/loop'],
    ['a context of nothing', { context_tokens_max: 0 }, '/context_tokens_max'],
    ['a tool without a name', { tools_allowed: [''] }, '/tools_allowed/0'],
  ])('are refused with %s', async (_, more, pointer) => {
    const tenant = await makeTenant()
    const answer = await call(tenant.owner, 'POST', path(tenant), { name: 'Rail', scope: { type: 'org' }, ...more })
    expect(answer.status).toBe(422)
    const problem = await answer.json<{ errors: { pointer: string }[] }>()
    expect(problem.errors.map((one) => one.pointer)).toContain(pointer)
  })

  it('keep at least one setting', async () => {
    const tenant = await makeTenant()
    const control = await made(tenant)
    const answer = await call(tenant.owner, 'PATCH', path(tenant, `/${control.id}`), { retries_max: null })
    expect(answer.status).toBe(422)
    expect(await listed<Control>(tenant, 'controls')).toMatchObject([{ retries_max: 3 }])
  })

  it('are changed by who operates agents, and seen by a member of some projects where they are of these', async () => {
    const tenant = await makeTenant()
    const org = await made(tenant)
    const own = await made(tenant, { scope: { type: 'project', id: tenant.org.default_project_id }, breaker: BREAKER })
    await failing(tenant, 'eu')
    const [operator, developer] = [await join(tenant, 'operator'), await join(tenant, 'developer')]
    const patch = (person: typeof operator) => call(person, 'PATCH', path(tenant, `/${org.id}`), { retries_max: 1 })
    expect([(await patch(operator)).status, (await patch(developer)).status]).toEqual([200, 403])
    const member = await join(tenant, 'operator', [tenant.org.default_project_id])
    expect((await listed<Control>(tenant, 'controls', member)).map(({ id }) => id)).toEqual([own.id])
    for (const [method, body] of [
      ['GET', undefined],
      ['PATCH', { retries_max: 9 }],
      ['DELETE', undefined],
    ] as const)
      expect((await call(member, method, path(tenant, `/${org.id}`), body)).status).toBe(404)
    const given = { name: 'Mine', scope: { type: 'org' }, retries_max: 9 }
    expect((await call(member, 'POST', path(tenant), given)).status).toBe(403)
    const theirs = { ...given, scope: { type: 'project', id: tenant.org.default_project_id } }
    expect((await call(member, 'POST', path(tenant), theirs)).status).toBe(201)
  })
})

/** Calls of a model that failed, as a commit tells of them. */
async function failing({ org }: TestTenant, cell: Cell): Promise<void> {
  const outcome: CallOutcome = {
    at_ms: Date.now(),
    workspace_id: org.default_workspace_id,
    project_id: org.default_project_id,
    agent_id: '',
    workflow_id: '',
    provider: 'openai',
    model: 'gpt-4o',
    reservation_id: '',
    requests: 4,
    errors: 3,
  }
  const object = cellFor(bindings, cell).object(bindings.TENANT_BUDGET, org.id) as unknown as TenantBudgetRpc
  await object.apply(`c_${crypto.randomUUID()}`, [], { tenant: { org_id: org.id, cell, shard: 0 }, calls: [outcome] })
}

describe('circuit breakers', () => {
  it('are listed with what opened them, and closed by hand', async () => {
    const tenant = await makeTenant('eu')
    const control = await made(tenant, { breaker: BREAKER })
    await failing(tenant, 'eu')
    const [breaker] = await listed<BreakerView>(tenant, 'breakers')
    expect(BreakerView.parse(breaker)).toMatchObject({
      control_id: control.id,
      provider: 'openai',
      model: 'gpt-4o',
      state: 'open',
      opened_by_error_rate: 0.75,
      opened_by_requests: 4,
      until: expect.any(String) as string,
    })
    const reset = (person: typeof tenant.owner, id: string) =>
      call(person, 'POST', `/api/v1/orgs/${tenant.org.id}/breakers/${id}/reset`)
    expect((await reset(await join(tenant, 'developer'), breaker?.id ?? '')).status).toBe(403)
    expect((await reset(tenant.owner, 'brk_0')).status).toBe(404)
    expect(await (await reset(tenant.owner, breaker?.id ?? '')).json()).toMatchObject({ state: 'closed', until: null })
    const log = await listed<{ action: string }>(tenant, 'audit?action=breaker')
    expect(log.map(({ action }) => action)).toEqual(['breaker.reset'])
  })
})
