import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Slo } from '../../workers/contract/slo.ts'
import { burnSample, sloNeed, sloStatus, type Objective } from '../../workers/domain/slo/judge.ts'
import { answersTo, type Minute } from '../support/slo-traffic.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
const START = Date.UTC(2026, 10, 1)
/** Long after the start of traffic, at no round time. */
const BREAK = START + 35 * DAY + 7 * HOUR + 13 * MINUTE

const sloOf = (more: Partial<Objective> = {}): Objective => ({
  indicator: { type: 'success_rate', kind: 'request', filters: [] },
  objective: 0.999,
  window_days: 30,
  project_id: null,
  ...more,
})

type Traffic = (atMs: number) => Minute
const steady =
  (perMinute: number, errorRate: number, after = errorRate): Traffic =>
  (atMs) => {
    const rate = atMs < START ? 0 : atMs >= BREAK ? after : errorRate
    const n = atMs < START ? 0 : perMinute
    return { good: n * (1 - rate), bad: n * rate }
  }

function told(slo: Objective, traffic: Traffic, nowMs: number, alerts: 'fast' | 'slow' | 'both' = 'both') {
  const found = answersTo(sloNeed(slo, nowMs), traffic, nowMs)
  const status = sloStatus(slo, found, nowMs)
  return { status, sample: burnSample(status, slo, alerts) }
}

/** Minutes after the break until a severity is reported; null when not within the limit. */
function minutesUntil(
  slo: Objective,
  traffic: Traffic,
  severity: 'critical' | 'warning',
  most: number,
  by = 1,
): number | null {
  for (let minute = 0; minute <= most; minute += by)
    if (told(slo, traffic, BREAK + minute * MINUTE).sample.severity === severity) return minute
  return null
}

describe('detection, as long as the workbook says it takes', () => {
  // Long window × threshold × allowed error rate ÷ error rate, of 99.9 % over 30 days.
  it.each<[number, 'critical' | 'warning', number, number]>([
    [1, 'critical', (60 * 14.4 * 0.001) / 1, 1],
    [0.1, 'critical', (60 * 14.4 * 0.001) / 0.1, 1],
    [0.03, 'critical', (60 * 14.4 * 0.001) / 0.03, 1],
    [0.01, 'critical', (360 * 6 * 0.001) / 0.01, 2],
    [0.005, 'warning', (4320 * 1 * 0.001) / 0.005, 30],
    [0.002, 'warning', (4320 * 1 * 0.001) / 0.002, 60],
  ])('an error rate of %d is %s', (errorRate, severity, expected, by) => {
    const minutes = minutesUntil(sloOf(), steady(1000, 0, errorRate), severity, expected * 1.3 + 70, by) ?? Infinity
    expect(minutes).toBeGreaterThanOrEqual(Math.floor(expected * 0.97) - 1)
    // Windows begin with a whole minute, the longer ones with a whole hour, and so are a little longer.
    const late = severity === 'warning' ? 1.03 : 1.2
    expect(minutes).toBeLessThanOrEqual(Math.ceil(expected * late) + by + 1)
  })

  it('of an outage takes a minute, and of one of 10 % ten', () => {
    expect(minutesUntil(sloOf(), steady(1000, 0, 1), 'critical', 10)).toBeLessThanOrEqual(1)
    expect(minutesUntil(sloOf(), steady(1000, 0, 0.1), 'critical', 20)).toBeLessThanOrEqual(10)
  })

  it('is as fast in proportion with a window of seven days', () => {
    const week = sloOf({ window_days: 7 })
    expect(minutesUntil(week, steady(1000, 0, 0.1), 'critical', 20)).toBeLessThanOrEqual(4)
    expect(minutesUntil(week, steady(1000, 0, 0.01), 'critical', 200)).toBeLessThanOrEqual(Math.ceil(84 * 0.6) + 3)
  })
})

describe('silence', () => {
  it('at exactly the error rate that is allowed, at any time', () => {
    const traffic = steady(1000, 0.001)
    for (let at = BREAK; at < BREAK + 3 * DAY; at += 97 * MINUTE) {
      const { sample, status } = told(sloOf(), traffic, at)
      expect([sample.severity, sample.unknown]).toEqual([null, null])
      expect(sample.value).toBeCloseTo(1, 3)
      expect(status?.budget_left).toBeCloseTo(0, 2)
    }
  })

  it('with any share of the allowed errors, however traffic goes up and down', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 0.95, noNaN: true }), fc.nat(DAY / MINUTE), (share, minute) => {
        const traffic: Traffic = (atMs) => {
          const n = 600 + 500 * Math.sin((2 * Math.PI * atMs) / DAY)
          return { good: n * (1 - share * 0.001), bad: n * share * 0.001 }
        }
        expect(told(sloOf(), traffic, BREAK + minute * MINUTE).sample.severity).toBeNull()
      }),
      { numRuns: 15 },
    )
  })

  it('of what nobody wants to hear of', () => {
    const now = BREAK + 30 * MINUTE
    const traffic = steady(1000, 0, 0.1)
    expect(told(sloOf(), traffic, now, 'fast').sample.severity).toBe('critical')
    expect(told(sloOf(), traffic, now, 'slow').sample.severity).toBeNull()
    const later = BREAK + 40 * HOUR
    expect(told(sloOf(), steady(1000, 0, 0.002), later, 'fast').sample.severity).toBeNull()
    expect(told(sloOf(), steady(1000, 0, 0.002), later, 'slow').sample.severity).toBe('warning')
  })
})

it('resets soon after what was wrong is over, though the long window still burns', () => {
  const end = BREAK + 20 * MINUTE
  const traffic: Traffic = (atMs) => (atMs >= BREAK && atMs < end ? { good: 0, bad: 1000 } : steady(1000, 0)(atMs))
  expect(told(sloOf(), traffic, end).sample.severity).toBe('critical')
  const { sample, status } = told(sloOf(), traffic, end + 40 * MINUTE)
  expect(sample.severity).not.toBe('critical')
  expect(status?.burn[0]?.long_rate).toBeGreaterThan(14.4)
  expect(status?.burn[0]?.short_rate).toBe(0)
  // The budget that it used stays used: 20 minutes of 30 days are 46 % of 0.1 %.
  expect(status?.budget_left).toBeCloseTo(1 - 20 / (30 * 1440 * 0.001), 2)
})

describe('little traffic', () => {
  it('judges nothing by a few operations, and says so', () => {
    const rare: Traffic = (atMs) =>
      atMs >= BREAK - 3 * HOUR && atMs % HOUR === 0 ? { good: 0, bad: 1 } : { good: 0, bad: 0 }
    const { sample } = told(sloOf(), rare, BREAK + 30 * MINUTE)
    expect(sample).toMatchObject({ severity: null, value: null, unknown: 'too_few' })
    expect(sample.detail).toContain('Fewer than 10 operations')
  })

  it('is not woken by one failure', () => {
    const rare: Traffic = (atMs) =>
      atMs >= START && atMs % (5 * MINUTE) === 0
        ? atMs === BREAK - (BREAK % (5 * MINUTE))
          ? { good: 0, bad: 1 }
          : { good: 1, bad: 0 }
        : { good: 0, bad: 0 }
    const { sample } = told(sloOf(), rare, BREAK + MINUTE)
    expect(sample.severity).toBeNull()
    expect(sample.detail).toContain('may be chance')
  })

  it('still hears of an outage within hours', () => {
    const rare: Traffic = (atMs) =>
      atMs >= START && atMs % (10 * MINUTE) === 0
        ? atMs >= BREAK
          ? { good: 0, bad: 1 }
          : { good: 1, bad: 0 }
        : { good: 0, bad: 0 }
    expect(minutesUntil(sloOf(), rare, 'critical', 120, 5)).toBeLessThanOrEqual(60)
  })

  it('says that nothing came', () => {
    const { sample, status } = told(sloOf(), () => ({ good: 0, bad: 0 }), BREAK)
    expect(sample).toMatchObject({ severity: null, unknown: 'no_data', value: null })
    expect(status).toMatchObject({ sli: null, budget_left: null, exhausted_at: null, good: 0, total: 0 })
  })
})

describe('what an objective says of itself', () => {
  it('has the share, the budget, the rates and when it ends', () => {
    const { status, sample } = told(sloOf({ objective: 0.99 }), steady(100, 0.002, 0.1), BREAK + 6 * HOUR)
    expect(status?.sli).toBeGreaterThan(0.99)
    expect(status?.burn.map(({ long_rate }) => Math.round(long_rate ?? 0))).toEqual([10, 10, 1])
    // What is left, at ten times the allowed rate: less than three days.
    const left = status?.budget_left ?? 0
    expect(left).toBeCloseTo(1 - 0.2 - (6 / 720) * 9.8, 2)
    const inDays = (Date.parse(status?.exhausted_at ?? '') - (BREAK + 6 * HOUR)) / DAY
    expect(inDays).toBeCloseTo((left * 30) / (status?.burn[1]?.long_rate ?? 1), 3)
    expect(status?.detail).toMatch(
      /operations succeeded over 30 days: 99\.\d+ %, where the objective is 99 %\. 7\d\.\d+ % of the error budget is left\./,
    )
    expect(sample.detail).toMatch(
      /^The error budget burns (9\.\d|10) times as fast as allowed over 6 hours and 10 times over 30 minutes; alerts begin above 6 times\./,
    )
  })

  it('counts latencies within the limit as good', () => {
    const slo = sloOf({ indicator: { type: 'latency', kind: 'llm', threshold_ms: 1500, filters: [] }, objective: 0.9 })
    const { questions } = sloNeed(slo, BREAK)
    for (const { query } of questions)
      expect(query).toMatchObject({ kind: 'llm', within_ms: 1500, measures: ['latency_count', 'latency_within_rate'] })
    const { status } = told(slo, steady(100, 0.05), BREAK)
    expect(status?.sli).toBeCloseTo(0.95, 3)
    expect(status?.budget_left).toBeCloseTo(0.5, 2)
    expect(status?.detail).toContain('took at most 1,500 ms')
  })

  it('asks of its project only, and long ranges once an hour', () => {
    const slo: Objective & Pick<Slo, 'project_id'> = sloOf({ project_id: 'prj_1' })
    const need = sloNeed(slo, BREAK)
    for (const { query } of need.questions)
      expect(query.filters).toContainEqual({ dimension: 'project_id', op: 'eq', values: ['prj_1'] })
    const kept = (nowMs: number) => sloNeed(slo, nowMs).questions.filter(({ keep_until_ms }) => keep_until_ms !== null)
    expect(kept(BREAK).map(({ name }) => name)).toEqual(['hours', 'window'])
    for (let at = BREAK; at < BREAK + 2 * HOUR; at += 7 * MINUTE)
      for (const { query, keep_until_ms } of kept(at)) {
        const until = keep_until_ms ?? 0
        expect(until).toBeGreaterThan(at)
        expect(kept(until - 1).map((one) => one.query)).toContainEqual(query)
        expect(kept(until).map((one) => one.query)).not.toContainEqual(query)
      }
  })
})
