import { describe, expect, it } from 'vitest'
import { differenceOf, momentsOf, quantileOf, welch, wilson } from '../../workers/domain/compare/intervals.ts'
import { randomOf } from '../support/metrics-fleet.ts'

const share = (good: number, n: number) => ({ value: good / n, interval: wilson(good, n) })

describe('intervals of a share and of the difference of two', () => {
  it.each([
    // Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [0, 20, 0, 0.1611],
    [1, 29, 0.0061, 0.1718],
  ])('%i of %i', (good, n, low, high) => {
    const [lowest, highest] = wilson(good, n)
    expect(lowest).toBeCloseTo(low, 4)
    expect(highest).toBeCloseTo(high, 4)
  })

  it.each([
    // Newcombe, "Interval estimation for the difference between independent proportions" (1998), table II, method 10.
    [56, 70, 48, 80, 0.0524, 0.3339],
    [9, 10, 3, 10, 0.1705, 0.809],
    [5, 56, 0, 29, -0.0381, 0.1926],
  ])('%i of %i against %i of %i', (good, n, other, m, low, high) => {
    const [lowest, highest] = differenceOf(share(other, m), share(good, n))
    expect(lowest).toBeCloseTo(low, 4)
    expect(highest).toBeCloseTo(high, 4)
  })
})

describe('intervals of means', () => {
  it.each([
    // Quantiles of Student's t from the tables; one side without variance leaves its degrees of freedom.
    [5, 2.776],
    [10, 2.262],
    [30, 2.045],
    [100, 1.984],
  ])('has the quantile of t for %i values', (n, t) => {
    const interval = welch({ n, mean: 0, variance: 0 }, { n, mean: 0, variance: n })
    expect(interval?.[1]).toBeCloseTo(t, 2)
    expect(interval?.[0]).toBeCloseTo(-t, 2)
  })

  it('is known for values of unequal variance', () => {
    const one = [27.5, 21, 19, 23.6, 17, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19, 21.7, 21.4]
    const other = [27.1, 22, 20.8, 23.4, 23.4, 23.5, 25.8, 22, 24.8, 20.2, 21.9, 22.1, 22.9, 20.5, 24.4]
    const interval = welch(momentsOf(one), momentsOf(other))
    // t = 2.46 with 25.0 degrees of freedom: p = 0.021, so nought lies just outside.
    const [low, high] = interval ?? [0, 0]
    expect((low + high) / 2 / ((high - low) / 2 / 2.0595)).toBeCloseTo(2.455, 2)
    expect(low).toBeGreaterThan(0)
  })

  it('is none of few values, and a point where nothing varies', () => {
    expect(welch(momentsOf([1, 2, 3, 4]), momentsOf([1, 2, 3, 4, 5]))).toBeNull()
    expect(welch(momentsOf([]), momentsOf([]))).toBeNull()
    expect(welch(momentsOf([1, 1, 1, 1, 1]), momentsOf([3, 3, 3, 3, 3]))).toEqual([2, 2])
  })
})

describe('intervals of quantiles', () => {
  it('lie between values that have the ranks', () => {
    const values = Array.from({ length: 100 }, (_, i) => i + 1)
    // 50 ± 9.8 and 90 ± 5.88, rounded up.
    expect(quantileOf(values, 0.5)).toEqual({ value: 50, interval: [41, 60] })
    expect(quantileOf(values, 0.9)).toEqual({ value: 90, interval: [85, 96] })
    expect(quantileOf(values.slice(0, 20), 0.9)).toBeNull()
    expect(quantileOf([], 0.5)).toBeNull()
  })

  it('hold nought in about 95 of 100 pairs that do not differ, whatever is skewed', () => {
    const random = randomOf(5)
    const drawn = (n: number) => Array.from({ length: n }, () => (-Math.log(1 - random())) ** 3)
    const held = { p50: 0, p90: 0, mean: 0, share: 0 }
    const rounds = 600
    for (let i = 0; i < rounds; i++) {
      const [one, other] = [drawn(200), drawn(120)]
      const sorted = [one, other].map((values) => values.toSorted((a, b) => a - b))
      for (const [name, q] of [
        ['p50', 0.5],
        ['p90', 0.9],
      ] as const) {
        const [a, b] = sorted.map((values) => quantileOf(values, q))
        const [low, high] = a && b ? differenceOf(a, b) : [1, 1]
        held[name] += Number(low <= 0 && high >= 0)
      }
      const [low, high] = welch(momentsOf(one), momentsOf(other)) ?? [1, 1]
      held.mean += Number(low <= 0 && high >= 0)
      const good = (values: number[]) => values.filter((value) => value > 0.3).length
      const [least, most] = differenceOf(share(good(one), 200), share(good(other), 120))
      held.share += Number(least <= 0 && most >= 0)
    }
    for (const [name, n] of Object.entries(held)) expect(n / rounds, name).toBeGreaterThan(0.93)
    for (const [name, n] of Object.entries(held)) expect(n / rounds, name).toBeLessThan(0.99)
  })
})
