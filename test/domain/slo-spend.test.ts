import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Budget } from '../../workers/contract/budget.ts'
import { periodAt } from '../../workers/domain/budget/period.ts'
import { usd } from '../../workers/domain/money.ts'
import { burnSample, sloNeed, sloStatus, type Objective } from '../../workers/domain/slo/judge.ts'
import { planOf } from '../../workers/domain/slo/spend.ts'
import { happened, spendIn } from '../support/slo-traffic.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const QUARTER = 900_000
const NANO = 1_000_000_000n
const NOW = Date.UTC(2026, 10, 25, 9, 37, 20)
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe']

const budgetOf = (more: Partial<Budget> = {}): Budget => ({
  id: 'bud_1',
  name: 'agents',
  scope: { type: 'org', id: null },
  period: 'month',
  limit_usd: '720.000000000',
  hard: false,
  thresholds: [],
  on_limit: 'block',
  downgrade_to: null,
  on_unreachable: 'open',
  unpriced: 'allow',
  planned_usd: {},
  time_zone: 'UTC',
  extension: null,
  spent_usd: '0',
  reserved_usd: '0',
  left_usd: '0',
  period_start: '',
  resets_at: '',
  forecast: null,
  forecast_reason: 'pending',
  created_at: '',
  ...more,
})

const slo: Objective = {
  indicator: { type: 'budget_variance', budget_id: 'bud_1', tolerance: 0.05 },
  objective: 0.95,
  window_days: 28,
  project_id: null,
}

/** Nano-dollars of a quarter hour: by day four times as much as by night, and half at weekends. */
function usual(atMs: number, perHour = 1): bigint {
  const at = new Date(atMs)
  const isDay = at.getUTCHours() >= 8 && at.getUTCHours() < 20
  const weekend = at.getUTCDay() % 6 === 0 ? 0.5 : 1
  // The mean over a week is 1.
  return BigInt(Math.round((perHour * weekend * (isDay ? 1.6 : 0.4) * 1e9) / (4 * (6 / 7))))
}

function told(budget: Budget, spend: (atMs: number) => bigint, nowMs = NOW, of = slo) {
  const need = sloNeed(of, nowMs)
  const found = {
    answers: {},
    budgets: [budget],
    spend: Object.fromEntries((need.spend ?? []).map(({ name, range }) => [name, spendIn(range, spend, nowMs)])),
  }
  const status = sloStatus(of, found, nowMs)
  return { status, sample: burnSample(status, of, 'both') }
}

describe('a plan', () => {
  const evenPlan = (budget: Budget, range = { from_ms: NOW - 60 * DAY, to_ms: NOW + 60 * DAY }) =>
    planOf(budget, [], NOW - (NOW % HOUR), range).of

  it.each(ZONES)('has the limit over each of its periods, in %s', (time_zone) => {
    for (const period of ['day', 'week', 'month'] as const) {
      const { from_ms, to_ms } = periodAt(period, time_zone, NOW)
      const plan = evenPlan(budgetOf({ period, time_zone, limit_usd: '10' }))
      expect(plan.over(from_ms, to_ms)).toBe(10n * NANO)
      const halves = plan.over(from_ms, from_ms + 5 * HOUR) + plan.over(from_ms + 5 * HOUR, to_ms)
      expect(Number(10n * NANO - halves)).toBeLessThanOrEqual(2)
    }
  })

  it('has what is planned for a month instead of the limit, also where a week reaches into it', () => {
    const budget = budgetOf({ period: 'week', limit_usd: '7', planned_usd: { '2026-11': '300' } })
    const plan = evenPlan(budget)
    const november = Date.UTC(2026, 10, 1)
    expect(plan.over(november, november + 30 * DAY)).toBe(300n * NANO)
    // Sunday is of November, Monday to Saturday before it are of October: at a dollar a day.
    expect(plan.over(november - 6 * DAY, november)).toBe(6n * NANO)
    expect(plan.over(november - DAY, november + DAY)).toBe(11n * NANO)
  })

  it('is spread as spend usually is, and stays the same in sum', () => {
    const hours = spendIn(
      { from_ms: NOW - (NOW % HOUR) - 28 * DAY, to_ms: NOW - (NOW % HOUR), unit: 'hour' },
      usual,
      NOW,
    )
    const { of: plan, profile } = planOf(budgetOf(), hours, NOW - (NOW % HOUR), { from_ms: NOW - 30 * DAY, to_ms: NOW })
    expect(profile).not.toBeNull()
    const november = Date.UTC(2026, 10, 1)
    expect(plan.over(november, november + 30 * DAY)).toBe(720n * NANO)
    const wednesday = Date.UTC(2026, 10, 18)
    const [night, day] = [
      plan.over(wednesday, wednesday + HOUR),
      plan.over(wednesday + 12 * HOUR, wednesday + 13 * HOUR),
    ]
    expect(Number(day) / Number(night)).toBeCloseTo(4, 2)
    const saturday = Date.UTC(2026, 10, 21)
    expect(Number(day) / Number(plan.over(saturday + 12 * HOUR, saturday + 13 * HOUR))).toBeCloseTo(2, 2)
  })

  it.each<[string, (at: number) => bigint]>([
    [
      'a spike is no habit',
      (at) => usual(at) + (Math.floor(at / HOUR) === Math.floor((NOW - 9 * DAY) / HOUR) ? 500n * NANO : 0n),
    ],
    ['a level that rose is none either', (at) => usual(at, at > NOW - 9 * DAY ? 3 : 1)],
  ])('%s', (_, spend) => {
    const end = NOW - (NOW % HOUR)
    const range = { from_ms: end - 28 * DAY, to_ms: end, unit: 'hour' } as const
    const profile = planOf(budgetOf(), spendIn(range, spend, NOW), end, range).profile ?? []
    const clean = planOf(budgetOf(), spendIn(range, usual, NOW), end, range).profile ?? []
    expect(profile).toHaveLength(168)
    profile.forEach((weight, hour) => expect(Math.abs(weight - (clean[hour] ?? 0))).toBeLessThan(0.3))
  })

  it.each<[string, (at: number) => bigint]>([
    ['nothing was spent', () => 0n],
    ['spend began a week ago', (at) => (at > NOW - 8 * DAY ? usual(at) : 0n)],
    ['spend follows no week', (at) => (Math.floor(at / HOUR) % 61 === 0 ? NANO : 0n)],
  ])('is spread evenly where %s', (_, spend) => {
    const end = NOW - (NOW % HOUR)
    const range = { from_ms: end - 28 * DAY, to_ms: end, unit: 'hour' } as const
    expect(planOf(budgetOf(), spendIn(range, spend, NOW), end, range).profile).toBeNull()
  })

  it('loses nothing by being cut, whatever the cuts', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.constantFrom('day', 'week', 'month'),
        fc.array(fc.integer({ min: 0, max: 40 * DAY }), { minLength: 1, maxLength: 8 }),
        (time_zone, period, at) => {
          const plan = evenPlan(budgetOf({ time_zone, period, limit_usd: '123.456789012'.slice(0, 13) }))
          const cuts = [0, ...at, 40 * DAY].sort((a, b) => a - b).map((ms) => NOW - 40 * DAY + ms)
          const parts = cuts.slice(1).reduce((sum, to, i) => sum + plan.over(cuts[i] ?? to, to), 0n)
          const lost = Number(plan.over(NOW - 40 * DAY, NOW) - parts)
          expect(lost).toBeGreaterThanOrEqual(0)
          expect(lost).toBeLessThanOrEqual(at.length + 2)
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('spend against its plan', () => {
  it('is silent by day, by night and at weekends, as long as it is as planned', () => {
    for (let at = NOW - 7 * DAY; at < NOW; at += 83 * 60_000) {
      const { sample, status } = told(budgetOf(), usual, at)
      expect([new Date(at).toISOString(), sample.severity, sample.unknown]).toEqual([
        new Date(at).toISOString(),
        null,
        null,
      ])
      expect(status?.budget_left).toBeGreaterThan(0.2)
    }
  })

  it('is critical within an hour when it doubles, and over when that ends', () => {
    const from = NOW - (NOW % HOUR) - QUARTER
    const { sample, status } = told(budgetOf(), (at) => usual(at, at >= from ? 2 : 1))
    expect(sample.severity).toBe('critical')
    expect(sample.detail).toMatch(
      /^The error budget burns 1[5-9](\.\d)? times as fast as allowed over 1 hour and (19|20)(\.\d)? times over 5 minutes/,
    )
    expect(status?.spend?.planned_usd).toMatch(/^6\d\d\.\d{9}$/)
    const later = told(budgetOf(), (at) => usual(at, at >= from && at < NOW ? 2 : 1), NOW + HOUR)
    expect(later.sample.severity).toBeNull()
  })

  it('is a warning when it is a tenth too high for days', () => {
    const { sample, status } = told(budgetOf(), (at) => usual(at, at >= NOW - 4 * DAY ? 1.1 : 1))
    expect(sample).toMatchObject({ severity: 'warning', unknown: null })
    expect(sample.value).toBeCloseTo(2, 0)
    expect(status?.burn.map(({ firing }) => firing)).toEqual([false, false, true])
    expect(status?.exhausted_at).not.toBeNull()
  })

  it('may spend later what it saved', () => {
    const { status } = told(budgetOf(), (at) => usual(at, at >= NOW - 3 * DAY ? 1.3 : 0.8))
    expect(status?.budget_left).toBe(1)
    expect(status?.sli).toBe(1)
    expect(status?.spend).not.toBeNull()
  })

  it('judges days only, while it has no weekly pattern, and says so', () => {
    const { sample, status } = told(budgetOf(), (at) => (at >= NOW - 10 * DAY ? usual(at, 3) : 0n))
    expect(status?.burn.map(({ unjudged }) => unjudged)).toEqual(['too_little_history', 'too_little_history', null])
    expect(sample.severity).toBe('warning')
    expect(status?.detail).toContain('no weekly pattern yet')
    const fast = burnSample(status, slo, 'fast')
    expect(fast).toMatchObject({ severity: null, unknown: 'too_little_history' })
  })

  it('saves nothing before its first spend', () => {
    const { status } = told(budgetOf(), (at) => (at >= NOW - 2 * DAY ? usual(at, 1.2) : 0n))
    expect(Number(status?.spend?.planned_usd)).toBeCloseTo(48, -1)
    expect(status?.budget_left).toBeLessThan(0)
    expect(told(budgetOf(), () => 0n)).toMatchObject({
      status: { sli: null, budget_left: null, spend: { actual_usd: '0.000000000', planned_usd: '0.000000000' } },
      sample: { severity: null, unknown: 'no_data' },
    })
  })

  it('is exact, to the nano-dollar', () => {
    const odd = (at: number) => BigInt((at / QUARTER) % 1_000_003) + 1n
    const { status } = told(budgetOf(), odd)
    const from = Date.UTC(2026, 10, 25, 9) - 28 * DAY
    let actual = 0n
    for (let at = from; at < NOW; at += QUARTER) actual += happened(odd, at, NOW)
    expect(status?.spend?.actual_usd).toBe(usd(actual))
  })

  it('is used up at once where nothing was planned', () => {
    const { status, sample } = told(budgetOf({ planned_usd: { '2026-10': '0', '2026-11': '0' } }), usual)
    expect(sample.severity).toBe('critical')
    expect(status?.budget_left).toBeLessThan(0)
    expect(status?.sli).toBe(0)
    expect(told(budgetOf({ planned_usd: { '2026-10': '0', '2026-11': '0' } }), () => 0n).sample.unknown).not.toBeNull()
  })

  it('says that its budget is gone', () => {
    const { status, sample } = told(budgetOf({ id: 'bud_2' }), usual)
    expect(status).toBeNull()
    expect(sample).toMatchObject({
      severity: null,
      unknown: 'no_data',
      detail: expect.stringContaining('does not exist'),
    })
  })
})
