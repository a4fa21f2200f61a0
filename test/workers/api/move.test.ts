import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { Move, MoveAnswer } from '../../../workers/contract/move.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import { bindings, call, makeTenant, type TestTenant } from '../../support/api.ts'
import { envelopeOf, makeBatch, traceEvents } from '../../support/batches.ts'

const path = ({ org }: TestTenant) => `/api/v1/orgs/${org.id}/move`
const newest = async (tenant: TestTenant) =>
  MoveAnswer.parse(await (await call(tenant.owner, 'GET', path(tenant))).json()).move

async function until<T>(ask: () => Promise<T>, done: (answer: T) => boolean): Promise<T> {
  for (let tries = 0; tries < 150; tries++) {
    const answer = await ask()
    if (done(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('it did not come about')
}

/** What the pages of an organization read. */
async function answers({ owner, org }: TestTenant) {
  const project = `/api/v1/projects/${org.default_project_id}`
  const spend = `/api/v1/orgs/${org.id}/spend?group_by=project`
  const read = async (url: string) => (await call(owner, 'GET', url)).json<Record<string, unknown>>()
  const [traces, trace, paid] = await Promise.all([
    read(`${project}/traces?limit=50`),
    read(`${project}/traces/moved-0`),
    read(spend),
  ])
  // From when the list reaches back depends on when it is asked for.
  return { traces: (traces as { data: unknown[] }).data, trace, paid }
}

describe('moving an organization through the API', () => {
  it('answers the same after the switch as before', { timeout: 40_000 }, async () => {
    const tenant = await makeTenant('eu')
    const { org } = tenant
    const place: ProjectTenant = {
      org_id: org.id,
      workspace_id: org.default_workspace_id,
      project_id: org.default_project_id,
      cell: 'eu',
      shard: 0,
    }
    const atMs = Date.now() - 3_600_000
    for (let i = 0; i < 20; i++)
      await cellFor(bindings, 'eu').queue.send(
        envelopeOf(makeBatch(place, traceEvents(`moved-${i}`, 3, 7_000_001, atMs + i))),
        {
          contentType: 'bytes',
        },
      )
    const before = await until(
      () => answers(tenant),
      ({ traces }) => traces.length === 20,
    )
    expect(await newest(tenant)).toBeNull()
    const same = await call(tenant.owner, 'POST', path(tenant), { region: 'eu' })
    expect(same.status).toBe(409)
    const started = await call(tenant.owner, 'POST', path(tenant), { region: 'us' })
    expect([started.status, Move.parse(await started.json())]).toMatchObject([201, { from: 'eu', to: 'us' }])
    expect((await call(tenant.owner, 'POST', path(tenant), { region: 'global' })).status).toBe(409)
    const switched = await until(
      () => newest(tenant),
      (move) => move?.step === 'wait',
    )
    expect(switched).toMatchObject({ state: 'running', cancellable: false, analytics_engine_until: null })
    expect(switched?.stores.find(({ store }) => store === 'ledger')).toMatchObject({
      verified: 60,
      cost_usd: '0.420000060',
    })
    expect(await (await call(tenant.owner, 'GET', `/api/v1/orgs/${org.id}`)).json()).toMatchObject({ region: 'us' })
    const after = await answers(tenant)
    expect(after.traces).toEqual(before.traces)
    expect(after.trace).toEqual(before.trace)
    expect(after.paid).toEqual(before.paid)
    expect((await call(tenant.owner, 'POST', `${path(tenant)}/cancel`)).status).toBe(409)
    const log = await (
      await call(tenant.owner, 'GET', `/api/v1/orgs/${org.id}/audit`)
    ).json<{ data: { action: string }[] }>()
    expect(log.data.map(({ action }) => action)).toContain('org.move_start')
  })

  it('says until when Analytics Engine keeps points of the global region', { timeout: 30_000 }, async () => {
    const tenant = await makeTenant('global')
    await call(tenant.owner, 'POST', path(tenant), { region: 'eu' })
    const switched = await until(
      () => newest(tenant),
      (move) => move?.step === 'wait',
    )
    const days = (Date.parse(switched?.analytics_engine_until ?? '') - Date.now()) / 86_400_000
    expect(Math.round(days)).toBe(92)
  })
})
