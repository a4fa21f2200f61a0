import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ALPHA,
  addTo,
  binsOf,
  bucketOf,
  mergeInto,
  quantile,
  shareWithin,
  valueOf,
} from '../../workers/domain/histogram.ts'
import type { Histogram } from '../../workers/domain/rollup-row.ts'

const latency = fc.double({ min: 0.002, max: 1e8, noNaN: true })
const of = (values: number[]) => {
  const histogram: Histogram = {}
  for (const value of values) addTo(histogram, value)
  return histogram
}

describe('histogram', () => {
  it('represents every value within the promised error', () => {
    fc.assert(
      fc.property(latency, (value) => Math.abs(valueOf(bucketOf(value)) - value) <= value * (ALPHA + 1e-6)),
      { numRuns: 5000 },
    )
  })

  it('finds quantiles within the promised error of the exact ones', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sorted = [...values].sort((a, b) => a - b)
          const exact = sorted[Math.floor(q * (sorted.length - 1))] ?? 0
          const found = quantile(of(values), q) ?? -1
          expect(Math.abs(found - exact)).toBeLessThanOrEqual(exact * (ALPHA + 1e-6))
        },
      ),
    )
  })

  it('merges to the histogram of everything', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (a, b) => {
        const merged = of(a)
        mergeInto(merged, of(b))
        expect(merged).toEqual(of([...a, ...b]))
      }),
    )
  })

  it('finds the share within a limit, but for values that are within the promised error of it', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), latency, (values, limit) => {
        const share = (most: number) => values.filter((value) => value <= most).length / values.length
        const found = shareWithin(of(values), limit)
        expect(found).toBeGreaterThanOrEqual(share(limit / (1 + ALPHA + 1e-6)))
        expect(found).toBeLessThanOrEqual(share(limit / (1 - ALPHA - 1e-6)))
      }),
    )
    expect(shareWithin({}, 100)).toBeNull()
  })

  it('is told as bins from the least up, which hold every value and touch where buckets do', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), (values) => {
        const bins = binsOf(of(values))
        expect(bins.map(([from]) => from)).toEqual(bins.map(([from]) => from).toSorted((a, b) => a - b))
        for (const [from, to, count] of bins) {
          const inside = values.filter((value) => value > from * (1 + 1e-6) && value < to * (1 - 1e-6)).length
          expect(inside).toBeLessThanOrEqual(count)
        }
        expect(bins.reduce((sum, [, , count]) => sum + count, 0)).toBe(values.length)
      }),
    )
    expect(binsOf(of([0, 0, 1.01]))).toEqual([
      [0, 0.001, 2],
      [1, expect.closeTo(1.0408, 4), 1],
    ])
    expect(binsOf({})).toEqual([])
  })

  it('has no quantile of nothing, and zero for zeros', () => {
    expect(quantile({}, 0.5)).toBeNull()
    expect(quantile(of([0, 0]), 0.99)).toBe(0)
  })
})
