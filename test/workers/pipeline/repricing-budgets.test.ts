import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { CanonicalEvent } from '../../../workers/contract/event.ts'
import { worldOf } from '../../support/guard.ts'
import { livingTenant } from '../../support/moving.ts'
import { pricedAt, rates, repriced } from '../../support/repricing.ts'

/** In the future of the real clock, by which workerd rings alarms (test/support/guard.ts), and far from a month's edge. */
const NOW = Date.UTC(2037, 10, 15, 12)
const DAY_MS = 86_400_000

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }))
afterEach(() => void vi.useRealTimers())

it('changes what the period of the calls has spent, up and down, and no other; the guard decides by it', async () => {
  const world = worldOf(await livingTenant('eu'))
  const { tenant } = world
  const call = (timestamp: number, model: string): CanonicalEvent => ({
    ...world.eventOf(0, { timestamp, model, provider: 'acme', user_id: 'u1', tokens_prompt: 1_000_000 }),
    cost_nanousd: model === 'reported' ? 900_000_000 : undefined,
  })
  await world.budget({ limit_usd: '10' })
  await world.budget({ limit_usd: '10', scope: { type: 'user', id: 'u1' } })
  await world.send([
    ...[NOW - 60 * DAY_MS, NOW - DAY_MS].flatMap((at) => [call(at, 'unknown'), call(at + 1, 'reported')]),
  ])
  const spent = async () => (await world.rpc().budgets()).map(({ spent_usd }) => spent_usd)
  expect(await spent()).toEqual(['0.900000000', '0.900000000'])

  const range = (from: number, to: number) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })
  const prices = pricedAt({ unknown: rates(3, 'test/3'), reported: rates(0.5, 'test/0.5') })
  // Two months ago: this month has spent what it had.
  const past = await repriced(tenant, prices, range(NOW - 61 * DAY_MS, NOW - 59 * DAY_MS))
  expect(past).toMatchObject({ entries: 1, difference_usd: '3.000000000' })
  expect(await spent()).toEqual(['0.900000000', '0.900000000'])

  const down = { ...range(NOW - 2 * DAY_MS, NOW), sources: ['reported'] }
  expect(await repriced(tenant, prices, down)).toMatchObject({ entries: 1, difference_usd: '-0.400000000' })
  expect(await spent()).toEqual(['0.500000000', '0.500000000'])

  const up = range(NOW - 2 * DAY_MS, NOW)
  expect(await repriced(tenant, pricedAt({ unknown: rates(9.75, 'test/9.75') }), up)).toMatchObject({ priced: 1 })
  expect(await spent()).toEqual(['10.250000000', '10.250000000'])
  // Nothing is left of it, and the guard says so.
  expect(await world.reserve('0.01', { user_id: 'u1' })).toMatchObject({ decision: 'deny', reservations: [] })
})
