import { runDurableObjectAlarm } from 'cloudflare:test'
import { describe, expect, it, vi } from 'vitest'
import { BudgetCreate } from '../../../workers/contract/budget.ts'
import { idOf, ownDays, worldOf } from '../../support/guard.ts'

const pass = ownDays()

describe('the guard', () => {
  it('holds what was reserved, and refuses what does not fit beside it', async () => {
    const w = worldOf()
    await w.budget({ limit_usd: '1' })
    const first = await w.reserve('0.7')
    expect(first).toMatchObject({
      decision: 'allow',
      budgets: [{ limit_usd: '1.000000000', reserved_usd: '0.700000000', left_usd: '0.300000000' }],
    })
    const second = await w.reserve('0.300000001')
    expect(second).toMatchObject({
      decision: 'deny',
      reason: 'budget_exceeded',
      reservations: [],
      holders: [{ reservation_id: idOf(first), held_usd: '0.700000000', agent_id: 'bot' }],
    })
    expect(second.detail).toContain('0.300000000 USD left of 1.000000000')
    expect((await w.reserve('0.3')).decision).toBe('allow')
  })

  it('lets a soft budget pass, and counts it', async () => {
    const w = worldOf()
    await w.budget({ hard: false, limit_usd: '0.1' })
    expect(await w.reserve('5')).toMatchObject({ decision: 'allow', budgets: [{ left_usd: '0.000000000' }] })
  })

  it('answers the same reservation to the same idempotency key, and another project has its own', async () => {
    const w = worldOf()
    await w.budget()
    const [a, b] = [await w.reserve('0.4', { idempotency_key: 'k' }), await w.reserve('0.4', { idempotency_key: 'k' })]
    expect(idOf(a)).toBe(idOf(b))
    expect(await w.only()).toMatchObject({ reserved_usd: '0.400000000' })
    const other = { ...w.tenant, project_id: `${w.tenant.project_id}x` }
    const c = await w.rpc().reserve(other, [{ estimate_usd: '0.1', idempotency_key: 'k' }])
    expect(idOf(c)).not.toBe(idOf(a))
    expect(await w.rpc().settle(other, { reservation_id: idOf(a), cost_usd: '0.1' })).toBeNull()
  })

  it('lets all of a batch in, or none', async () => {
    const w = worldOf()
    await w.budget()
    const works = ['0.5', '0.5', '0.000000001'].map((estimate_usd) => ({ estimate_usd }))
    expect(await w.rpc().reserve(w.tenant, works)).toMatchObject({ decision: 'deny', reservations: [] })
    expect(await w.only()).toMatchObject({ reserved_usd: '0.000000000' })
    expect((await w.rpc().reserve(w.tenant, works.slice(0, 2))).reservations).toHaveLength(2)
  })

  it.each([
    ['agent', 'bot', { agent_id: 'bot' }, { agent_id: 'other' }],
    ['model', 'gpt-4o', { model: 'gpt-4o' }, { model: 'other' }],
    ['user', 'ann', { user_id: 'ann' }, { user_id: 'bob' }],
    ['workflow', 'flow', { workflow_id: 'flow' }, { workflow_id: null }],
    ['provider', 'openai', { provider: 'openai' }, { provider: 'anthropic' }],
  ])('applies a budget of one %s to that alone', async (type, id, theirs, others) => {
    const w = worldOf()
    await w.budget({ scope: { type, id }, limit_usd: '0.1' })
    expect((await w.rpc().reserve(w.tenant, [{ estimate_usd: '1', ...theirs }])).decision).toBe('deny')
    expect(await w.rpc().reserve(w.tenant, [{ estimate_usd: '1', ...others }])).toMatchObject({
      decision: 'allow',
      budgets: [],
    })
  })

  it('names a cheaper model, or asks for approval, where the budget says so', async () => {
    const w = worldOf()
    const { id } = await w.budget({ on_limit: 'downgrade', downgrade_to: 'mini', limit_usd: '0.1' })
    expect(await w.reserve('1')).toMatchObject({ decision: 'deny', downgrade_to: 'mini', refused_by: [id] })
    await w.rpc().update(id, { on_limit: 'approve', downgrade_to: null })
    expect(await w.reserve('1')).toMatchObject({ decision: 'escalate', downgrade_to: null })
    await w.budget({ name: 'Bot', scope: { type: 'agent', id: 'bot' }, limit_usd: '0.1' })
    expect((await w.reserve('1')).decision).toBe('deny')
  })

  it('refuses a model without a price where the budget says so, and never counts it as nothing', async () => {
    const w = worldOf()
    const { id } = await w.budget({ unpriced: 'refuse' })
    expect(await w.reserve('0.1', { model: 'nobody-knows-it' })).toMatchObject({
      decision: 'deny',
      reason: 'unpriced_model',
    })
    expect((await w.reserve('0.1')).decision).toBe('allow')
    await w.rpc().update(id, { unpriced: 'allow' })
    await w.reserve('0.1', { model: 'nobody-knows-it' })
    expect(await w.only()).toMatchObject({ reserved_usd: '0.200000000' })
  })

  it('lets go of what nobody settled in time; a late settle counts all the same', async () => {
    const w = worldOf()
    await w.budget()
    const id = idOf(await w.reserve('0.6', { ttl_s: 60 }))
    pass(60_001)
    await runDurableObjectAlarm(w.stub)
    expect(await w.only()).toMatchObject({ reserved_usd: '0.000000000', spent_usd: '0.000000000' })
    expect(await w.settle(id, '0.2')).toMatchObject({ state: 'settled', spent_usd: '0.200000000' })
    expect(await w.only()).toMatchObject({ spent_usd: '0.200000000' })
  })

  it('an admin lets go of a reservation', async () => {
    const w = worldOf()
    await w.budget()
    const id = idOf(await w.reserve('0.6'))
    expect(await w.rpc().release(id)).toMatchObject({ state: 'released', held_usd: '0.000000000' })
    expect(await w.rpc().release(id)).toBeNull()
    expect(await w.only()).toMatchObject({ reserved_usd: '0.000000000' })
  })

  it('says by how much an estimate was wrong, and refuses until there is room again', async () => {
    const w = worldOf()
    await w.budget({ limit_usd: '1' })
    const id = idOf(await w.reserve('0.5'))
    expect(await w.settle(id, '1.25')).toMatchObject({
      over_estimate_usd: '0.750000000',
      budgets: [{ spent_usd: '1.250000000', left_usd: '0.000000000' }],
    })
    expect((await w.reserve('0.000000001')).decision).toBe('deny')
  })

  it('an extension makes room until it ends', async () => {
    const w = worldOf()
    const { id } = await w.budget({ limit_usd: '1' })
    const until = new Date(Date.now() + 3_600_000).toISOString()
    await w.rpc().ask(id, 'ext_1', { amount_usd: '0.5', until, reason: 'launch' }, 'usr_1')
    expect((await w.reserve('1.2')).decision).toBe('deny')
    expect(await w.rpc().decide('ext_1', true, 'usr_2')).toMatchObject({ state: 'granted' })
    expect(await w.rpc().decide('ext_1', false, 'usr_3')).toMatchObject({ state: 'granted', decided_by: 'usr_2' })
    const held = idOf(await w.reserve('1.2'))
    await w.rpc().release(held)
    pass(3_600_000)
    expect(await w.only()).toMatchObject({ extension: null, left_usd: '1.000000000' })
    expect((await w.reserve('1.2')).decision).toBe('deny')
  })

  it('begins each day of the zone anew', async () => {
    const w = worldOf()
    vi.setSystemTime(Date.parse('2037-03-28T22:30:00Z'))
    const made = BudgetCreate.parse({ name: 'Day', scope: { type: 'org' }, period: 'day', limit_usd: '1', hard: true })
    // The clocks go forward in the night that follows.
    const budget = await w.rpc().create(w.tenant, 'bdg_day', 'Europe/Berlin', made)
    expect(budget).toMatchObject({ period_start: '2037-03-27T23:00:00.000Z', resets_at: '2037-03-28T23:00:00.000Z' })
    await w.send([w.eventOf(900_000_000)])
    expect((await w.reserve('0.2')).decision).toBe('deny')
    vi.setSystemTime(Date.parse('2037-03-28T23:00:00Z'))
    expect(await w.only()).toMatchObject({ spent_usd: '0.000000000', resets_at: '2037-03-29T22:00:00.000Z' })
    expect((await w.reserve('0.2')).decision).toBe('allow')
  })
})
