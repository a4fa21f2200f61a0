import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Budget, BudgetDetail } from '../../../workers/contract/budget.ts'
import { ForecastPath } from '../../../workers/contract/budget-forecast.ts'
import { nanoFromUsd, usd } from '../../../workers/domain/money.ts'
import { forecastTools } from '../../../workers/pipeline/deps-forecast.ts'
import { DAY_MS, worldOf } from '../../support/guard.ts'
import { costOf, NANO, officeHours, spendOf } from '../../support/spending.ts'

const NOW = Date.parse('2037-04-15T12:00:00Z')
const nano = (text: string | null | undefined) => BigInt(nanoFromUsd(text ?? '') ?? Number.NaN)
const at = (date: string) => Date.parse(date)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(NOW)
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})
const PATIENT = { timeout: 15_000, interval: 50 }

/** An organization that has spent in office hours for some days before now. */
async function spender(days: number, ofBudget: object = {}) {
  const w = worldOf()
  await w.stub.apply('history', spendOf(NOW - days * DAY_MS, NOW, officeHours), { tenant: w.tenant })
  const budget = await w.budget({ hard: false, limit_usd: '500', ...ofBudget })
  return { ...w, id: budget.id }
}

async function only(w: Awaited<ReturnType<typeof spender>>): Promise<Budget> {
  const [budget] = await w.rpc().foreseen()
  return Budget.parse(budget)
}

describe('the forecast of a budget', () => {
  it('is none, and says why, until a week of complete days was seen', async () => {
    expect(await only(await spender(7))).toMatchObject({ forecast: null, forecast_reason: 'too_little_history' })
    expect(await only(await spender(9))).toMatchObject({
      forecast: { method: 'exponential_smoothing', history_days: 8 },
      forecast_reason: null,
    })
    const quiet = worldOf()
    await quiet.budget()
    expect((await quiet.rpc().foreseen())[0]).toMatchObject({ forecast: null, forecast_reason: 'too_little_history' })
  })

  it('meets what a month comes to, weekends and all, and knows the chances of a limit', async () => {
    const w = await spender(50)
    const month = costOf(spendOf(at('2037-04-01T00:00:00Z'), at('2037-05-01T00:00:00Z'), officeHours))
    const { forecast, spent_usd } = await only(w)
    expect(forecast).toMatchObject({ method: 'mstl_ets', history_days: 49, overrun_probability: 0, limit_on: null })
    const [low, expected, high] = [forecast?.low_95_usd, forecast?.expected_usd, forecast?.high_95_usd].map(nano)
    expect(Number(expected) / Number(month)).toBeGreaterThan(0.98)
    expect(Number(expected) / Number(month)).toBeLessThan(1.02)
    expect([nano(spent_usd) < (low ?? 0n), (low ?? 0n) < month, month < (high ?? 0n)]).toEqual([true, true, true])
    const tight = await w.rpc().update(w.id, { limit_usd: usd((month * 9n) / 10n) })
    expect(tight?.forecast?.overrun_probability).toBeGreaterThan(0.99)
    expect(tight?.forecast?.limit_on).toMatch(/^2037-04-2[6-8]$/)
  })

  it('counts what is spent exactly, between fits too, and is certain of a limit that was passed', async () => {
    const w = await spender(30)
    const before = await only(w)
    await w.stub.apply(
      'more',
      spendOf(NOW, NOW + 1, () => 40 * NANO),
      { tenant: w.tenant },
    )
    const after = await only(w)
    expect(after.forecast?.made_at).toBe(before.forecast?.made_at)
    expect(nano(after.spent_usd) - nano(before.spent_usd)).toBe(40n * BigInt(NANO))
    expect(nano(after.forecast?.low_95_usd) >= nano(after.spent_usd)).toBe(true)
    await w.rpc().update(w.id, { limit_usd: usd(nano(after.spent_usd) - 1n) })
    expect((await only(w)).forecast).toMatchObject({ overrun_probability: 1, limit_on: null })
  })

  it('is made anew after an hour, on a new day and in another zone', async () => {
    const w = await spender(30)
    const madeAt = async () => (await only(w)).forecast?.made_at
    const first = await madeAt()
    vi.setSystemTime(NOW + 3_599_999)
    expect(await madeAt()).toBe(first)
    vi.setSystemTime(NOW + 3_600_000)
    expect(await madeAt()).not.toBe(first)
    await w.rpc().setZone('Pacific/Auckland')
    expect((await w.rpc().budgets())[0]).toMatchObject({ forecast: null, forecast_reason: 'pending' })
    expect(await only(w)).toMatchObject({ forecast_reason: null, time_zone: 'Pacific/Auckland' })
  })

  it('is made for four budgets at once, and for the others by the alarm', async () => {
    const w = await spender(30)
    for (let i = 0; i < 59; i++)
      await w.budget({ hard: false, scope: { type: 'agent', id: i === 7 ? 'bot' : `a${i}` } })
    const without = (budgets: Budget[]) => budgets.filter(({ forecast_reason }) => forecast_reason === 'pending').length
    expect(without(await w.rpc().foreseen())).toBe(56)
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(w.stub)
      expect(without(await w.rpc().budgets())).toBe(0)
    }, PATIENT)
    expect((await w.rpc().budgets()).filter(({ forecast }) => forecast !== null)).toHaveLength(2)
  })

  it('lets agents reserve between two fits', async () => {
    const w = await spender(30)
    await w.budget({ hard: false })
    let isHeld = true
    const pause = vi.spyOn(forecastTools, 'pause').mockImplementation(async () => {
      while (isHeld) await scheduler.wait(2)
    })
    const reading = w.rpc().foreseen()
    await vi.waitFor(() => expect(pause).toHaveBeenCalled(), PATIENT)
    expect(await w.reserve('0.1')).toMatchObject({ decision: 'allow' })
    isHeld = false
    expect((await reading).map(({ forecast_reason, reserved_usd }) => [forecast_reason, reserved_usd])).toEqual(
      Array(2).fill([null, '0.100000000']),
    )
  })
})

describe('the burn-down of a budget', () => {
  it('follows the days of its zone to the nano-dollar, and widens', async () => {
    const w = await spender(50)
    await w.rpc().setZone('Asia/Kathmandu')
    const path = ForecastPath.parse(await w.rpc().forecast(w.id))
    const start = at('2037-03-31T18:15:00Z')
    expect([path.step, path.path.length, path.path[0]?.from]).toEqual(['day', 30, new Date(start).toISOString()])
    expect(path.path.at(-1)?.to).toBe(path.resets_at)
    for (const [i, { from, to, spent_usd, expected_usd }] of path.path.entries()) {
      expect(at(from)).toBe(start + i * DAY_MS)
      const spent = costOf(spendOf(at('2037-03-31T19:00:00Z'), Math.min(NOW, at(to)), officeHours))
      expect(spent_usd).toBe(at(from) <= NOW ? usd(spent) : null)
      expect(expected_usd === null).toBe(at(to) <= NOW)
    }
    const bands = path.path.flatMap((p) => (p.expected_usd === null ? [] : [nano(p.high_95_usd) - nano(p.low_95_usd)]))
    expect(bands).toEqual([...bands].sort((a, b) => (a < b ? -1 : 1)))
    expect(path.path.at(-1)?.expected_usd).toBe(path.forecast?.expected_usd)
  })

  it.each([
    ['Europe/Berlin', '2037-03-29T12:00:00Z', 23],
    ['Europe/Berlin', '2037-04-15T12:00:00Z', 24],
    ['America/New_York', '2037-11-01T15:00:00Z', 25],
  ])('of a day has its hours, in %s on %s', async (zone, now, hours) => {
    vi.setSystemTime(at(now))
    const w = worldOf()
    const deltas = spendOf(at(now) - 30 * DAY_MS, at(now), officeHours)
    await w.stub.apply('history', deltas, { tenant: w.tenant })
    await w.rpc().setZone(zone)
    const { id } = await w.budget({ period: 'day', hard: false })
    await w.rpc().setZone(zone)
    const path = ForecastPath.parse(await w.rpc().forecast(id))
    expect([path.step, path.path.length]).toEqual(['hour', hours])
    const day = deltas.filter(({ quarter_ms }) => quarter_ms >= at(path.period_start))
    expect(path.spent_usd).toBe(usd(costOf(day)))
    expect(path.path.findLast(({ spent_usd }) => spent_usd !== null)?.spent_usd).toBe(path.spent_usd)
    expect(path.path.at(-1)?.expected_usd).toBe(path.forecast?.expected_usd)
  })

  it('is there without a forecast too, and of no budget of others', async () => {
    const w = await spender(2)
    const path = ForecastPath.parse(await w.rpc().forecast(w.id))
    expect(path).toMatchObject({ forecast: null, forecast_reason: 'too_little_history' })
    expect(path.path.every(({ expected_usd }) => expected_usd === null)).toBe(true)
    expect(path.path[14]?.spent_usd).toBe(path.spent_usd)
    expect(await w.rpc().forecast('bdg_nobody')).toBeNull()
    expect(await w.rpc().detail('bdg_nobody')).toBeNull()
  })
})

describe('beside a forecast', () => {
  it('months are compared with their plans, and thresholds say when they were reached', async () => {
    const w = await spender(100, {
      limit_usd: '1000',
      thresholds: [5, 50],
      planned_usd: { '2037-02': '150', '2037-04': '200.5', '2037-05': '1', '2035-01': '3' },
    })
    await w.stub.apply(
      'today',
      spendOf(NOW, NOW + 1, () => 2 * NANO),
      { tenant: w.tenant },
    )
    const { variance, thresholds_reached } = BudgetDetail.parse(await w.rpc().detail(w.id))
    const spent = (from: string, to: string) => costOf(spendOf(at(from), Math.min(at(to), NOW), officeHours))
    const april = spent('2037-04-01T00:00:00Z', '2037-05-01T00:00:00Z') + 2n * BigInt(NANO)
    const february = spent('2037-02-01T00:00:00Z', '2037-03-01T00:00:00Z')
    expect(variance).toEqual([
      {
        month: '2037-04',
        actual_usd: usd(april),
        planned_usd: '200.500000000',
        difference_usd: usd(april - 200_500_000_000n),
      },
      {
        month: '2037-03',
        actual_usd: usd(spent('2037-03-01T00:00:00Z', '2037-04-01T00:00:00Z')),
        planned_usd: null,
        difference_usd: null,
      },
      {
        month: '2037-02',
        actual_usd: usd(february),
        planned_usd: '150.000000000',
        difference_usd: usd(february - 150_000_000_000n),
      },
      { month: '2035-01', actual_usd: usd(0), planned_usd: '3.000000000', difference_usd: '-3.000000000' },
    ])
    expect(thresholds_reached).toEqual([{ percent: 5, reached_at: new Date(NOW).toISOString() }])
  })

  it('an agent has two months, since its name is kept no longer', async () => {
    const planned_usd = { '2037-02': '1', '2037-04': '1' }
    const w = await spender(100, { scope: { type: 'agent', id: 'bot' }, planned_usd })
    const { variance } = BudgetDetail.parse(await w.rpc().detail(w.id))
    expect(variance.map(({ month }) => month)).toEqual(['2037-04', '2037-03'])
  })

  it('the fit goes with its budget, is left behind by a move, and is wiped', async () => {
    const w = await spender(30)
    const fits = () =>
      runInDurableObject(w.stub, (_, { storage }) =>
        storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM forecast').one(),
      )
    const other = await w.budget({ hard: false })
    await w.rpc().foreseen()
    expect(await fits()).toEqual({ n: 2 })
    await w.rpc().remove(other.id)
    expect(await fits()).toEqual({ n: 1 })
    expect(Object.keys(await w.stub.digest())).not.toContain('forecast')
    const tables: string[] = []
    for (let page = await w.stub.exportRows(null); page !== null; page = await w.stub.exportRows(page.next))
      tables.push(page.table)
    expect(tables).toContain('budget')
    expect(tables).not.toContain('forecast')
    await w.stub.wipe()
    expect(await fits()).toEqual({ n: 0 })
    expect(await w.rpc().foreseen()).toEqual([])
  })
})
