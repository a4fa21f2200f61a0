import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitSpend } from '../../workers/domain/budget/forecast/fit.ts'
import { historyOf, type HourSum } from '../../workers/domain/budget/forecast/history.ts'
import { chanceAbove, normalCdf, quantileOf, Z80, Z95 } from '../../workers/domain/budget/forecast/normal.ts'
import { daysToLimit, outlookAt, overrunChance, periodEnd } from '../../workers/domain/budget/forecast/outlook.ts'
import { smooth } from '../../workers/domain/budget/forecast/smoothing.ts'
import { seasonalInNode } from '../../bench/forecast/seasonal.ts'

const seasonal = seasonalInNode()
const NOON = 0.5

/** Days that are spent evenly between 8 and 18. */
const hoursOf = (days: readonly number[], from = 0): HourSum[] =>
  days.flatMap((cost, day) =>
    Array.from({ length: 10 }, (_, i) => ({ hour: (from + day) * 24 + 8 + i, cost: cost / 10 })),
  )
const fitOf = (days: readonly number[]) => fitSpend(historyOf(hoursOf(days), 0, days.length), seasonal, 31)
const weeks = (n: number, of: (day: number) => number) => Array.from({ length: n * 7 }, (_, day) => of(day))
const office = (day: number) => (day % 7 < 5 ? 1e10 : 2e9) * (1 + 0.05 * Math.sin(day * 12.9898))

describe('distributions', () => {
  it('agree with the tables of the normal distribution', () => {
    for (const [z, p] of [
      [0, 0.5],
      [1, 0.841_344_7],
      [-1.5, 0.066_807_2],
      [Z80, 0.9],
      [Z95, 0.975],
      [-4, 0.000_031_7],
    ] as const)
      expect(normalCdf(z)).toBeCloseTo(p, 6)
  })

  it('find by chance what they say by quantile', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1, max: 1e15, noNaN: true }),
        fc.double({ min: 0.001, max: 2, noNaN: true }),
        fc.constantFrom(-Z95, -Z80, 0, Z80, Z95),
        (mean, deviation, z) => {
          const amount = { mean, variance: (mean * deviation) ** 2 }
          expect(chanceAbove(amount, quantileOf(amount, z))).toBeCloseTo(1 - normalCdf(z), 5)
        },
      ),
    )
  })

  it('are certain of what is so already, and of nothing to come', () => {
    expect(chanceAbove({ mean: 5, variance: 1 }, -1)).toBe(1)
    expect(chanceAbove({ mean: 0, variance: 100 }, 0)).toBe(0)
    expect(chanceAbove({ mean: 5, variance: 0 }, 6)).toBe(0)
    expect(chanceAbove({ mean: 5, variance: 0 }, 4)).toBe(1)
  })
})

describe('history', () => {
  it('begins after the day on which spending began, and keeps days without any', () => {
    const hours = hoursOf([50, 0, 70, 90], 3)
    expect(historyOf(hours, 0, 7)?.days).toEqual([0, 70, 90])
    expect(historyOf(hours, 3, 7)?.days).toEqual([50, 0, 70, 90])
    expect(historyOf(hours, 0, 4)).toBeNull()
    expect(historyOf([], 0, 4)).toBeNull()
  })

  it('adds an hour that clocks pass twice, and knows when in a day money is spent', () => {
    const history = historyOf([...hoursOf([10, 10]), { hour: 8, cost: 5 }], 0, 2)
    expect(history?.days).toEqual([15, 10])
    expect(history?.profile[8]).toBeCloseTo(7 / 25)
    expect(history?.profile.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1)
    expect(history?.withinDay).toBeGreaterThan(0)
    expect(historyOf(hoursOf([10, 20]), 0, 2)?.withinDay).toBeCloseTo(0)
  })
})

describe('a fit', () => {
  it('is by the method that the length of history allows', () => {
    expect(fitOf(weeks(1, office).slice(1))).toBeNull()
    expect(fitOf(weeks(1, office))?.method).toBe('exponential_smoothing')
    expect(fitOf(weeks(2, office).slice(1))?.method).toBe('exponential_smoothing')
    expect(fitOf(weeks(2, office))?.method).toBe('mstl_ets')
    // Nothing that a model could be fitted to.
    expect(fitSpend({ days: weeks(3, office), profile: [], withinDay: 0 }, () => null, 31)?.method).toBe(
      'exponential_smoothing',
    )
  })

  it.each([1, 2, 8])('knows weekends after %i weeks', (n) => {
    const mean = fitOf(weeks(n, office))?.mean ?? []
    const [monday = 0, saturday = 0] = [mean[0], mean[5]]
    expect(saturday / monday).toBeGreaterThan(0.15)
    expect(saturday / monday).toBeLessThan(0.4)
  })

  it('is wider further ahead, and more so of a short history', () => {
    const short = fitOf(weeks(2, office))?.sumVariance ?? []
    const long = fitOf(weeks(8, office))?.sumVariance ?? []
    expect(long).toEqual([...long].sort((a, b) => a - b))
    expect(long[0]).toBe(0)
    const relative = (variances: number[]) => (variances[20] ?? 0) / (variances[1] ?? 1)
    expect(relative(short)).toBeGreaterThan(relative(long))
  })

  it('smooths towards what came last', () => {
    const { mean } = smooth([...Array<number>(14).fill(10), ...Array<number>(14).fill(30)], 3)
    for (const cost of mean) expect(cost).toBeCloseTo(30, 0)
  })
})

describe('an outlook', () => {
  const fit = fitOf(weeks(8, office))
  if (fit === null) throw new Error('eight weeks are enough')
  const standing = { spent: 20_000_000_000n, today: 5e9, dayShare: NOON, daysLeft: 9 }

  it('expects of the rest of today what the hours usually bring, and more on a day that runs high', () => {
    const restAt = (today: number, dayShare: number) =>
      Number(outlookAt(fit, { ...standing, today, dayShare }, { days: 0 }).expected - standing.spent)
    expect(restAt(4e9, NOON)).toBeGreaterThan(5.5e9)
    expect(restAt(4e9, NOON)).toBeLessThan(6.5e9)
    expect(restAt(8e9, NOON)).toBeGreaterThan(restAt(4e9, NOON))
    expect(restAt(1e10, 0.8)).toBeCloseTo(0, 0)
  })

  it('says on which day the limit is expected', () => {
    const end = outlookAt(fit, standing, periodEnd(standing)).expected
    expect(daysToLimit(fit, standing, end + 1n)).toBeNull()
    expect(daysToLimit(fit, standing, end - 1n)).toBe(9)
    expect(daysToLimit(fit, standing, standing.spent + 1n)).toBe(0)
    expect(daysToLimit(fit, standing, standing.spent)).toBeNull()
  })

  it('is sane whatever was spent: ordered, never below what is spent, chances between 0 and 1', () => {
    const cost = fc.oneof(fc.constant(0), fc.nat(1e9), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }))
    fc.assert(
      fc.property(
        fc.array(cost, { minLength: 7, maxLength: 56 }),
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 30 }),
        fc.bigInt({ min: 1n, max: 10n ** 15n }),
        (days, spent, dayShare, daysLeft, limit) => {
          const any = fitOf(days)
          if (any === null) return
          const at = { spent, today: Number(spent) / 2, dayShare, daysLeft }
          const { low95, low80, high80, high95, expected } = outlookAt(any, at, periodEnd(at))
          expect(spent <= low95 && low95 <= low80 && low80 <= high80 && high80 <= high95).toBe(true)
          expect(low95 <= expected).toBe(true)
          const chance = overrunChance(any, at, limit)
          expect(chance >= 0 && chance <= 1).toBe(true)
          if (spent > limit) expect(chance).toBe(1)
        },
      ),
      { numRuns: 300, examples: [[[37_865_984, 0, 2.6e-142, 0, 0, 0, 0, 0], 0n, 1 / 3, 0, 1n]] },
    )
  })
})
