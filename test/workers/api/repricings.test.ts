import { describe, expect, it } from 'vitest'
import { cellFor } from '../../../workers/adapters/cells.ts'
import { ModelUses } from '../../../workers/contract/model-uses.ts'
import { Repricing } from '../../../workers/contract/repricing.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { bindings, call, makeKey, makeTenant, type Caller, type TestTenant } from '../../support/api.ts'
import { envelopeOf, makeBatch } from '../../support/batches.ts'
import { join } from '../../support/members.ts'

const NOW = Date.now()
const HOUR_MS = 3_600_000
const range = { from: new Date(NOW - 2 * HOUR_MS).toISOString(), to: new Date(NOW).toISOString() }
const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/repricings${rest}`
const post = (caller: Caller, tenant: TestTenant, body: object) => call(caller, 'POST', path(tenant), body)

async function spendOf({ owner, org }: TestTenant): Promise<string> {
  const spend = await call(owner, 'GET', `/api/v1/orgs/${org.id}/spend`)
  return (await spend.json<{ total_cost_usd: string }>()).total_cost_usd
}

/** An organization that has paid a client's word for two calls of gpt-4o-mini: 0.00045 dollars each, by the catalogue. */
async function spender(): Promise<TestTenant> {
  const tenant = await makeTenant('us')
  const { id: org_id, default_workspace_id: workspace_id, default_project_id: project_id } = tenant.org
  const events = ['a', 'b'].map((span_id): CanonicalEvent => ({
    ...{ event_type: 'agent.step.completed', timestamp: NOW - HOUR_MS, trace_id: 't', span_id, status: 'ok' },
    ...{
      provider: 'openai',
      model: 'gpt-4o-mini',
      tokens_prompt: 1000,
      tokens_completion: 500,
      cost_nanousd: 1_000_000,
    },
  }))
  const batch = makeBatch({ org_id, workspace_id, project_id, cell: 'us', shard: 0 }, events)
  await cellFor(bindings, 'us').queue.send(envelopeOf(batch), { contentType: 'bytes' })
  await expect.poll(() => spendOf(tenant), { timeout: 10_000 }).toBe('0.002000000')
  return tenant
}

async function ended(tenant: TestTenant, id: string): Promise<Repricing> {
  const read = async () => Repricing.parse(await (await call(tenant.owner, 'GET', path(tenant, `/${id}`))).json())
  await expect.poll(async () => (await read()).state, { timeout: 15_000 }).toBe('done')
  return read()
}

describe('repricings', () => {
  it(
    'say first what they would change, then change it, and the audit log tells of it',
    { timeout: 40_000 },
    async () => {
      const tenant = await spender()
      const finance = await join(tenant, 'finance')
      const preview = Repricing.parse(
        await (await post(finance, tenant, { ...range, sources: ['reported'], dry_run: true })).json(),
      )
      const change = { entries: 2, before_usd: '0.002000000', after_usd: '0.000900000', difference_usd: '-0.001100000' }
      expect(await ended(tenant, preview.id)).toMatchObject({ dry_run: true, ...change })
      expect(await spendOf(tenant)).toBe('0.002000000')
      const made = Repricing.parse(await (await post(finance, tenant, { ...range, sources: ['reported'] })).json())
      expect(await ended(tenant, made.id)).toMatchObject({
        dry_run: false,
        ...change,
        models: [{ model: 'gpt-4o-mini', ...change }],
      })
      expect(await spendOf(tenant)).toBe('0.000900000')
      expect((await call(finance, 'POST', path(tenant, `/${made.id}/cancel`))).status).toBe(409)
      const list = await (await call(finance, 'GET', path(tenant))).json<{ data: Repricing[] }>()
      expect(list.data.map(({ id }) => id)).toEqual([made.id, preview.id])
      const models = await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/models`)
      expect(ModelUses.parse(await models.json())).toMatchObject({
        data: [
          {
            ...{
              provider: 'openai',
              model: 'gpt-4o-mini',
              tool_name: '',
              calls: 2,
              cost_usd: '0.000900000',
              unpriced: 0,
            },
            detail: { reported: 0, computed: 2, unpriced: 0, last_seen_at: new Date(NOW - HOUR_MS).toISOString() },
            price: {
              input_usd: '0.15',
              output_usd: '0.60',
              cache_read_usd: '0.075',
              cache_write_usd: null,
              tiers: false,
            },
          },
        ],
        truncated: false,
      })
      const log = await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=repricing`)
      const { data } = await log.json<{ data: { action: string; after: object | null }[] }>()
      expect(data.map(({ action }) => action)).toEqual(['repricing.done', 'repricing.start', 'repricing.start'])
      expect(data[0]?.after).toEqual(change)
    },
  )

  it('refuse what makes no sense, and say why', async () => {
    const tenant = await makeTenant('us')
    const refusals: [body: object, status: number, why: string][] = [
      [{ from: range.to, to: range.from }, 422, 'The end must be after the start.'],
      [{ from: '2020-01-01T00:00:00Z', to: range.to }, 422, 'days at most'],
      [{ ...range, project_id: 'prj_of_somebody_else' }, 422, 'no such project'],
      [{ ...range, sources: [] }, 422, 'sources'],
      [{ ...range, sources: ['guessed'] }, 422, 'sources'],
      [{ from: 'yesterday', to: range.to }, 422, 'from'],
      [{ ...range, everything: true }, 422, 'everything'],
    ]
    for (const [body, status, why] of refusals) {
      const answer = await post(tenant.owner, tenant, body)
      expect([body, answer.status, await answer.text()]).toEqual([body, status, expect.stringContaining(why)])
    }
  })

  it('are for owners, admins and finance, of the whole organization', async () => {
    const tenant = await makeTenant('us')
    const restricted = await join(tenant, 'finance', [tenant.org.default_project_id])
    expect((await post(restricted, tenant, range)).status).toBe(403)
    const developer = await join(tenant, 'developer')
    expect((await post(developer, tenant, range)).status).toBe(403)
    const auditor = await join(tenant, 'auditor')
    expect((await post(auditor, tenant, range)).status).toBe(403)
    expect((await call(auditor, 'GET', path(tenant))).status).toBe(200)
    expect((await post(await makeKey(tenant, ['admin']), tenant, range)).status).toBe(403)
  })
})
