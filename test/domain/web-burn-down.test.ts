import { describe, expect, it } from 'vitest'
import { bucketsOf, burnDownSeries, monthOf } from '../../web/src/lib/features/budgets/burn-down.ts'
import { monthAfter, monthWords } from '../../web/src/lib/features/budgets/months.ts'
import { mostUrgent, riskOf } from '../../web/src/lib/features/budgets/risk.ts'
import type { Budget, BudgetDetail, ForecastPath } from '../../web/src/lib/budgets.ts'

const DAY_MS = 86_400_000
const START = Date.parse('2026-04-01T00:00:00Z')
const forecast: NonNullable<Budget['forecast']> = {
  method: 'mstl_ets',
  history_days: 56,
  made_at: '',
  expected_usd: '40',
  low_80_usd: '38',
  high_80_usd: '42',
  low_95_usd: '36',
  high_95_usd: '44',
  overrun_probability: 0.3,
  limit_on: null,
}

/** Four days, the third of which is today. */
function pathWith(isForeseen: boolean): ForecastPath {
  const path = [0, 1, 2, 3].map((day) => {
    const ahead = (usd: number) => (isForeseen && day >= 2 ? String(usd * (day + 1)) : null)
    return {
      from: new Date(START + day * DAY_MS).toISOString(),
      to: new Date(START + (day + 1) * DAY_MS).toISOString(),
      spent_usd: day <= 2 ? String(10 * (day + 1)) : null,
      expected_usd: ahead(10),
      low_80_usd: ahead(9),
      high_80_usd: ahead(11),
      low_95_usd: ahead(8),
      high_95_usd: ahead(12),
    }
  })
  return {
    budget_id: 'bdg_1',
    time_zone: 'UTC',
    step: 'day',
    period_start: path[0]?.from ?? '',
    resets_at: path[3]?.to ?? '',
    limit_usd: '50',
    spent_usd: '30',
    forecast: isForeseen ? forecast : null,
    forecast_reason: isForeseen ? null : 'too_little_history',
    path,
  }
}
const budget = { period: 'month', limit_usd: '45', extension: null, planned_usd: {} } as unknown as BudgetDetail
const seriesOf = (path: ForecastPath, more: Partial<BudgetDetail> = {}) =>
  new Map(burnDownSeries(path, { ...budget, ...more }, (usd) => `$${usd}`).map((one) => [one.key, one]))

describe('a burn-down', () => {
  it('goes from what was spent into what is expected, between its edges', () => {
    const series = seriesOf(pathWith(true))
    expect([...series.keys()]).toEqual(['95', '80', 'spent', 'expected', 'limit'])
    expect(series.get('spent')?.values).toEqual([10, 20, 30, null])
    expect(series.get('expected')?.values).toEqual([null, 20, 30, 40])
    expect([series.get('80')?.low, series.get('80')?.values]).toEqual([
      [null, 20, 27, 36],
      [null, 20, 33, 44],
    ])
    expect([0, 1, 3].map((at) => series.get('95')?.text(at))).toEqual(['–', '–', '$32 – $48'])
    expect(series.get('limit')?.values).toEqual([50, 50, 50, 50])
    expect(bucketsOf(pathWith(true), START + 2.5 * DAY_MS).map(({ partial }) => partial)).toEqual([
      false,
      false,
      true,
      false,
    ])
  })

  it('shows no edges without a forecast, both limits with an extension, and a month’s plan', () => {
    const series = seriesOf(pathWith(false), {
      extension: { amount_usd: '5', until: '' },
      planned_usd: { '2026-04': '20' },
    })
    expect([...series.keys()]).toEqual(['spent', 'limit', 'without', 'plan'])
    expect(series.get('without')?.values).toEqual([45, 45, 45, 45])
    expect(series.get('plan')?.values).toEqual([5, 10, 15, 20])
    expect(seriesOf(pathWith(false), { period: 'week', planned_usd: { '2026-04': '20' } }).has('plan')).toBe(false)
  })

  it('knows the month of a zone', () => {
    expect(monthOf('2026-03-31T18:15:00Z', 'Asia/Kathmandu')).toBe('2026-04')
    expect([monthAfter('2026-12'), monthAfter(''), monthWords('2026-02')]).toEqual(['2027-01', '', 'Feb 2026'])
  })
})

describe('a risk', () => {
  const withRisk = (risk: number | null, id = '') =>
    ({
      id,
      forecast: risk === null ? null : { ...forecast, overrun_probability: risk },
      forecast_reason: risk === null ? 'too_little_history' : null,
    }) as unknown as Budget

  it('is said, also where it is unknown', () => {
    expect([0, 0.2, 0.5, null].map((risk) => riskOf(withRisk(risk)).tone)).toEqual([
      'success',
      'warning',
      'danger',
      'neutral',
    ])
    expect(riskOf(withRisk(null)).text).toBe('too little history')
  })

  it('puts first what is likeliest to be passed, then what has spent most', () => {
    const all = [withRisk(null, 'a'), withRisk(0.1, 'b'), withRisk(0.9, 'c'), withRisk(null, 'd')]
    expect(mostUrgent(all, ({ id }) => (id === 'd' ? 90 : 10)).map(({ id }) => id)).toEqual(['c', 'b', 'd', 'a'])
  })
})
