import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetLeft, burnOf, burnRate, exhaustedAt, goodShare, type Tallies } from '../../workers/domain/slo/burn.ts'
import { burnWindows, isWanted } from '../../workers/domain/slo/windows.ts'

const DAY_MS = 86_400_000

describe('windows', () => {
  it.each([
    [30, [14.4, 6, 1], [2, 5, 10]],
    [28, [14.4, 6, 1], [2.14, 5.36, 10.71]],
    [7, [14.4, 6, 1], [2, 5, 10]],
  ])('of %d days use these shares of the budget before they fire', (days, thresholds, percents) => {
    const windows = burnWindows(days)
    expect(windows.map(({ threshold }) => threshold)).toEqual(thresholds)
    const used = windows.map(({ long_minutes, threshold }) => (100 * threshold * long_minutes) / (days * 1440))
    used.forEach((percent, i) => expect(percent).toBeCloseTo(percents[i] ?? 0, 1))
  })

  it('are those of the workbook', () => {
    expect(burnWindows(30).map((w) => [w.severity, w.long_minutes, w.short_minutes])).toEqual([
      ['critical', 60, 5],
      ['critical', 360, 30],
      ['warning', 4320, 360],
    ])
    expect(burnWindows(7).map((w) => [w.long_minutes, w.short_minutes])).toEqual([
      [14, 2],
      [84, 7],
      [1008, 84],
    ])
  })

  it('are heard of by speed', () => {
    const heard = (alerts: 'fast' | 'slow' | 'both') => burnWindows(30).map((window) => isWanted(window, alerts))
    expect([heard('fast'), heard('slow'), heard('both')]).toEqual([
      [true, true, false],
      [false, false, true],
      [true, true, true],
    ])
  })
})

/** Workbook, chapter 5: burn rates and the time to exhaustion of a budget of 30 days (table 5-4). */
describe.each([
  [1, 30],
  [2, 15],
  [10, 3],
  [1000, 0.03],
])('a burn rate of %d', (rate, days) => {
  it(`is an error rate so many times the allowed one, and uses a budget of 30 days within ${days}`, () => {
    const tally = { bad: rate * 1000, total: 1_000_000 }
    expect(burnRate(tally, 0.999)).toBeCloseTo(rate, 6)
    const at = exhaustedAt(1, rate, 30, 0)
    expect((at ?? 0) / DAY_MS).toBeCloseTo(days, 6)
  })
})

describe('the error budget', () => {
  it.each([
    [0, 1000, 0.99, 1, 1],
    [5, 1000, 0.99, 0.5, 0.995],
    [10, 1000, 0.99, 0, 0.99],
    [30, 1000, 0.99, -2, 0.97],
    [1000, 1000, 0.9999, -9999, 0],
    [-50, 1000, 0.95, 1, 1],
    [0, 0, 0.99, null, null],
    [7, 0, 0.99, -999_999, 0],
  ])('with %d bad of %d at %d has %d left', (bad, total, objective, left, sli) => {
    const found = budgetLeft({ bad, total }, objective)
    if (left === null) expect(found).toBeNull()
    else expect(found).toBeCloseTo(left, 6)
    if (sli === null) expect(goodShare({ bad, total })).toBeNull()
    else expect(goodShare({ bad, total })).toBeCloseTo(sli, 9)
  })

  it('is used up when, at this rate, what is left is gone', () => {
    expect(exhaustedAt(0.5, 10, 30, 0)).toBe(1.5 * DAY_MS)
    expect(exhaustedAt(0.5, 0.4, 30, 0)).toBeNull()
    expect(exhaustedAt(0, 10, 30, 0)).toBeNull()
    expect(exhaustedAt(-1, 10, 30, 0)).toBeNull()
    expect(exhaustedAt(null, 10, 30, 0)).toBeNull()
    expect(exhaustedAt(0.5, null, 30, 0)).toBeNull()
  })

  it('burns as its windows say, whatever their lengths', () => {
    const shares = fc.double({ min: 0, max: 1, noNaN: true })
    fc.assert(
      fc.property(
        shares,
        fc.integer({ min: 1, max: 1e7 }),
        fc.double({ min: 0.1, max: 0.999, noNaN: true }),
        (share, total, objective) => {
          const tally = { bad: share * total, total }
          const rate = burnRate(tally, objective) ?? -1
          const left = budgetLeft(tally, objective) ?? 2
          expect(rate).toBeGreaterThanOrEqual(0)
          // Over the whole window, what is burned is what is not left.
          expect(left).toBeCloseTo(1 - rate, 6)
          expect(left > 0).toBe(rate < 1)
        },
      ),
    )
  })
})

describe('a pair of windows', () => {
  const [fast] = burnWindows(30)
  if (fast === undefined) throw new Error('there is a first pair')
  const tallies = (long: [number, number], short: [number, number], more: Partial<Tallies> = {}): Tallies => ({
    over: (minutes) => (minutes === 60 ? { bad: long[0], total: long[1] } : { bad: short[0], total: short[1] }),
    window: { bad: 0, total: 0 },
    unjudged: null,
    counted: true,
    ...more,
  })

  it.each<[string, Tallies, boolean, string | null]>([
    ['fires when both are over', tallies([150, 1000], [20, 100]), true, null],
    ['is silent at the threshold', tallies([144, 1000], [20, 100]), false, null],
    ['is silent when the short one has recovered', tallies([500, 1000], [0, 100]), false, null],
    ['is silent when nothing came in the short one', tallies([500, 1000], [0, 0]), false, null],
    ['is silent when the long one is not touched', tallies([20, 1000], [20, 100]), false, null],
    ['judges no window without operations', tallies([0, 0], [0, 0]), false, 'no_data'],
    ['judges no nine operations', tallies([9, 9], [9, 9]), false, 'too_few'],
    ['judges ten operations', tallies([10, 10], [9, 9]), true, null],
    ['takes two failures for chance', tallies([2, 10], [2, 2]), false, null],
    ['takes three failures for more', tallies([3, 10], [2, 2]), true, null],
    ['knows no chance in spend', tallies([2, 10], [2, 2], { counted: false }), true, null],
    [
      'judges nothing that cannot be compared',
      tallies([500, 1000], [50, 100], { unjudged: { up_to_minutes: 60, why: 'too_little_history' } }),
      false,
      'too_little_history',
    ],
    [
      'judges what is longer than that',
      tallies([500, 1000], [50, 100], { unjudged: { up_to_minutes: 59, why: 'too_little_history' } }),
      true,
      null,
    ],
  ])('%s', (_, found, firing, unjudged) => {
    expect(burnOf(fast, found, 0.99)).toMatchObject({ firing, unjudged, threshold: 14.4 })
  })
})
