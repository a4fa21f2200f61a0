import { describe, expect, it } from 'vitest'
import { priceStore } from '../../../workers/adapters/d1/price-store.ts'
import { forgetPrices } from '../../../workers/adapters/prices/books.ts'
import { cellFor, shardOf } from '../../../workers/adapters/cells.ts'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import type { PriceParts } from '../../../workers/contract/price.ts'
import type { ProjectTenant } from '../../../workers/contract/tenant.ts'
import type { OverrideRow } from '../../../workers/domain/price-override.ts'
import { envelopeOf, makeBatch } from '../../support/batches.ts'
import { heldQueues, livingTenant, real } from '../../support/moving.ts'

const NOW = Date.now()
const store = priceStore((tenant) => shardOf(real, tenant))
const row = (id: string, price: PriceParts, more: Partial<OverrideRow>): OverrideRow => ({
  ...{ id, price, provider: '', model: '', tool: '', note: '', fromMs: NOW - 60_000, toMs: null },
  ...{ createdBy: 'usr_1', createdMs: NOW, updatedMs: NOW, version: 1, ...more },
})
const call = (span_id: string, more: Partial<CanonicalEvent>): CanonicalEvent => ({
  ...{ event_type: 'agent.step.completed', timestamp: NOW, trace_id: 't', span_id, provider: 'openai', model: 'gpt-5' },
  ...{ tokens_prompt: 1000, tokens_completion: 0, ...more },
})
const budgetOf = ({ cell, org_id }: ProjectTenant) => cellFor(real, cell).object(real.TENANT_BUDGET, org_id)

async function ledgerOf(tenant: ProjectTenant) {
  const { results } = await shardOf(real, tenant)
    .prepare(
      `SELECT span_id, cost_nanousd, cost_source, price_version, usage_parts FROM ledger WHERE project_id = ?1 ORDER BY span_id`,
    )
    .bind(tenant.project_id)
    .all<Record<string, unknown>>()
  return results.map((entry) => Object.values(entry))
}

describe('prices of an organization’s own', () => {
  it('price what its agents do, and nobody else’s; the ledger names them', async () => {
    const [tenant, other] = [await livingTenant('eu'), await livingTenant('eu')]
    const id = (name: string) => `prc_${name}_${tenant.org_id}`
    await store.add(tenant, row(id('model'), { rates: { input: '1' } }, { model: 'gpt-5' }), 9)
    await store.add(tenant, row(id('tool'), { call_usd: '0.002' }, { tool: 'search' }), 9)
    const events = [
      call('a', {}),
      call('b', { timestamp: NOW - 120_000 }),
      call('c', { service_tier: 'batch' }),
      { ...call('d', { event_type: 'agent.tool.called', tool_name: 'search' }), tokens_prompt: 0 },
      { ...call('e', { event_type: 'agent.tool.called', tool_name: 'free' }), tokens_prompt: 0 },
    ]
    const queues = heldQueues()
    await queues.deliver('eu', [envelopeOf(makeBatch(tenant, events)), envelopeOf(makeBatch(other, events))])
    const listed = 'genai-prices/0.1.8:openai/gpt-5'
    const own = `override/${id('model')}@1+${listed}`
    const batch = '{"service_tier":"batch"}'
    expect(await ledgerOf(tenant)).toEqual([
      ['a', 1_000_000, 'computed', own, ''],
      ['b', 1_250_000, 'computed', listed, ''],
      ['c', 500_000, 'computed', own, batch],
      ['d', 2_000_000, 'computed', `override/${id('tool')}@1`, ''],
    ])
    expect(await ledgerOf(other)).toEqual([
      ['a', 1_250_000, 'computed', listed, ''],
      ['b', 1_250_000, 'computed', listed, ''],
      ['c', 625_000, 'computed', listed, batch],
    ])
  })

  it('hold at once where they were changed, one at a time for the same', async () => {
    const tenant = await livingTenant('us')
    const id = `prc_${tenant.org_id}`
    const queues = heldQueues()
    const send = (span: string) => queues.deliver('us', [envelopeOf(makeBatch(tenant, [call(span, {})]))])
    await send('a')
    expect(await store.add(tenant, row(id, { discount_percent: '20' }, { model: 'gpt-5' }), 1)).toBe(true)
    await budgetOf(tenant).forgetPrices(tenant)
    await send('b')
    expect(await store.add(tenant, row(`${id}x`, { discount_percent: '1' }, { model: 'gpt-5' }), 9)).toBe(false)
    expect(await store.add(tenant, row(`${id}y`, { discount_percent: '1' }, { model: 'gpt-4' }), 1)).toBe(false)
    const [known] = await store.list(tenant)
    if (known === undefined) throw new Error('it is there')
    expect(await store.replace(tenant, { ...known, price: { discount_percent: '50' } })).toBe(true)
    expect(await store.replace(tenant, { ...known, price: { discount_percent: '60' } })).toBe(false)
    forgetPrices(tenant)
    await send('c')
    expect((await ledgerOf(tenant)).map(([, cost, , version]) => [cost, String(version).split('+')[0]])).toEqual([
      [1_250_000, 'genai-prices/0.1.8:openai/gpt-5'],
      [1_000_000, `override/${id}@1`],
      [625_000, `override/${id}@2`],
    ])
  })

  it('make a model one with a price for the guard', async () => {
    const tenant = await livingTenant('eu')
    const guard = budgetOf(tenant)
    const budget = { scope: { type: 'org' as const }, period: 'day' as const, limit_usd: '10', hard: true }
    await guard.create(tenant, 'bdg_1', 'UTC', {
      ...budget,
      ...{ name: 'b', thresholds: [], on_limit: 'block', downgrade_to: null, on_unreachable: 'open' },
      ...{ unpriced: 'refuse', planned_usd: {} },
    })
    const ask = async () => (await guard.reserve(tenant, [{ estimate_usd: '0.1', model: 'acme-7b' }])).decision
    expect(await ask()).toBe('deny')
    const own = row(`prc_${tenant.org_id}`, { rates: { input: '1', output: '1' } }, { model: 'acme-*' })
    await store.add(tenant, own, 9)
    await guard.forgetPrices(tenant)
    expect(await ask()).toBe('allow')
    await store.remove(tenant, own.id, 1)
    await guard.forgetPrices(tenant)
    expect(await ask()).toBe('deny')
  })
})
