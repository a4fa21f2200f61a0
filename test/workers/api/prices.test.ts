import { describe, expect, it } from 'vitest'
import { Price, PriceFound } from '../../../workers/contract/price.ts'
import { call, makeKey, makeTenant, type Caller, type TestTenant } from '../../support/api.ts'

const path = ({ org }: TestTenant, rest = '') => `/api/v1/orgs/${org.id}/prices${rest}`
const HOUR = 3_600_000
const after = (ms: number) => new Date(Date.now() + ms).toISOString()

async function made(tenant: TestTenant, body: object, by: Caller = tenant.owner): Promise<Price> {
  const answer = await call(by, 'POST', path(tenant), body)
  expect(answer.status, await answer.clone().text()).toBe(201)
  return Price.parse(await answer.json())
}
const refused = async (tenant: TestTenant, body: object) => {
  const answer = await call(tenant.owner, 'POST', path(tenant), body)
  return [answer.status, await answer.text()] as const
}
async function found(tenant: TestTenant, query: string): Promise<PriceFound> {
  const answer = await call(tenant.owner, 'GET', path(tenant, `/catalogue?${query}`))
  expect(answer.status, await answer.clone().text()).toBe(200)
  return PriceFound.parse(await answer.json())
}

describe('prices of an organization', () => {
  it('are made, listed, changed and ended, and the audit log tells each', async () => {
    const tenant = await makeTenant('eu')
    const first = await made(tenant, {
      provider: 'OpenAI',
      model: 'gpt-5',
      rates: { input: '1.10' },
      note: 'Contract 7',
    })
    expect(first).toMatchObject({
      ...{ provider: 'openai', model: 'gpt-5', tool: null, rates: { input: '1.10' }, discount_percent: null },
      ...{ state: 'active', created_by_name: 'Ann', effective_to: null, version: 1, note: 'Contract 7' },
      price_version: `override/${first.id}@1`,
    })
    const later = await made(tenant, { tool: 'search', call_usd: '0.005', effective_from: after(HOUR) })
    expect(later.state).toBe('planned')
    const change = { version: 1, rates: null, discount_percent: '10' }
    const changed = await call(tenant.owner, 'PATCH', path(tenant, `/${first.id}`), change)
    expect(await changed.json()).toMatchObject({ rates: null, discount_percent: '10', version: 2 })
    const stale = await call(tenant.owner, 'PATCH', path(tenant, `/${first.id}`), { version: 1, note: 'x' })
    expect([stale.status, await stale.text()]).toEqual([409, expect.stringContaining('it has version 2, yours is 1')])
    const begun = { version: 2, effective_from: after(HOUR) }
    expect((await call(tenant.owner, 'PATCH', path(tenant, `/${first.id}`), begun)).status).toBe(422)
    const list = await (await call(tenant.owner, 'GET', path(tenant))).json<{ data: Price[] }>()
    expect(list.data.map(({ id }) => id)).toEqual([later.id, first.id])
    expect(await (await call(tenant.owner, 'DELETE', path(tenant, `/${later.id}`))).json()).toMatchObject({
      state: 'ended',
    })
    const ended = await (await call(tenant.owner, 'DELETE', path(tenant, `/${first.id}`))).json<Price>()
    expect(ended).toMatchObject({ state: 'ended', version: 3 })
    // What has priced something stays; what has not is gone.
    expect(
      (await (await call(tenant.owner, 'GET', path(tenant))).json<{ data: Price[] }>()).data.map(({ id }) => id),
    ).toEqual([first.id])
    expect((await call(tenant.owner, 'PATCH', path(tenant, `/${first.id}`), { version: 3, note: '' })).status).toBe(409)
    expect((await call(tenant.owner, 'DELETE', path(tenant, '/prc_0'))).status).toBe(404)
    const log = await call(tenant.owner, 'GET', `/api/v1/orgs/${tenant.org.id}/audit?action=price`)
    const { data } = await log.json<{ data: { action: string; after: object | null }[] }>()
    expect(data.map(({ action }) => action)).toEqual([
      ...['price.end', 'price.end', 'price.update', 'price.create', 'price.create'],
    ])
    expect(data[2]?.after).toMatchObject({ discount_percent: '10', model: 'gpt-5' })
  })

  it('refuses what cannot be meant, and says why', async () => {
    const tenant = await makeTenant()
    const rates = { input: '1' }
    await made(tenant, { model: 'gpt-5', rates, effective_from: after(HOUR), effective_to: after(2 * HOUR) })
    const window = { effective_from: after(1.5 * HOUR), effective_to: after(3 * HOUR) }
    expect(await refused(tenant, { model: 'gpt-5', rates, ...window })).toEqual([
      409,
      expect.stringContaining('prices the same from'),
    ])
    expect((await refused(tenant, { model: 'gpt-5', rates }))[0]).toBe(409)
    // At its end another begins; another provider's is another price.
    await made(tenant, { model: 'gpt-5', rates, effective_from: after(4 * HOUR) })
    await made(tenant, { provider: 'azure', model: 'gpt-5', rates })
    for (const [body, pointer] of [
      [{ model: 'gpt-5', tool: 'search', rates }, '/model'],
      [{ rates }, '/model'],
      [{ model: 'gpt-5' }, '/rates'],
      [{ model: 'gpt-5', rates: {} }, '/rates'],
      [{ model: 'gpt-5', rates: { input: '-1' } }, '/rates/input'],
      [{ model: 'gpt-5', rates: { input: '1.2345678' } }, '/rates/input'],
      [{ model: 'gpt-5', rates: { prompt: '1' } }, '/rates'],
      [{ model: 'gpt-5', rates, discount_percent: '5' }, '/discount_percent'],
      [{ model: 'gpt-5', discount_percent: '101' }, '/discount_percent'],
      [{ model: 'gpt-*-5', rates }, '/model'],
      [{ tool: 'search', rates }, '/rates'],
      [{ tool: 'search', provider: 'openai', call_usd: '1' }, '/provider'],
      [{ model: 'a', rates, effective_from: after(HOUR), effective_to: after(0) }, '/effective_to'],
    ] as const) {
      const [status, text] = await refused(tenant, body)
      expect([status, text], JSON.stringify(body)).toEqual([422, expect.stringContaining(pointer)])
    }
  })

  it('says which rates price a call, whose they are, and when', async () => {
    const tenant = await makeTenant()
    const listed = await found(tenant, 'model=gpt-5.5&provider=openai')
    expect(listed).toMatchObject({
      ...{ found: true, override_id: null, paid_percent: '100', request_usd: null },
      price_version: expect.stringContaining('openai/gpt-5.5'),
      rates: { input: { usd: '5.00', tiers: [{ above_tokens: 271_999, usd: '10.00' }] } },
      service_tiers: { batch: '50', flex: '50', priority: '250' },
    })
    const own = await made(tenant, { model: 'gpt-5*', discount_percent: '12.5', effective_to: after(HOUR) })
    expect(await found(tenant, 'model=gpt-5.5&provider=openai')).toMatchObject({
      ...{ override_id: own.id, paid_percent: '87.5', price_version: `override/${own.id}@1+${listed.price_version}` },
    })
    expect(await found(tenant, `model=gpt-5.5&at=${after(2 * HOUR)}`)).toMatchObject({ override_id: null })
    expect(await found(tenant, 'model=acme-7b')).toMatchObject({ found: false, rates: {}, price_version: null })
    expect((await call(tenant.owner, 'GET', path(tenant, '/catalogue'))).status).toBe(422)
  })

  it('are seen by a key that reads, and changed by none of one project', async () => {
    const tenant = await makeTenant()
    const own = await made(tenant, { model: 'gpt-5', rates: { input: '1' } })
    const key = await makeKey(tenant, ['read', 'admin'])
    expect((await call(key, 'GET', path(tenant))).status).toBe(200)
    expect((await call(key, 'DELETE', path(tenant, `/${own.id}`))).status).toBe(403)
    const other = await makeTenant()
    expect((await call(other.owner, 'DELETE', path(tenant, `/${own.id}`))).status).toBe(404)
    expect((await call(other.owner, 'DELETE', path(other, `/${own.id}`))).status).toBe(404)
  })
})
