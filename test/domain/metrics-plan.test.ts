import { describe, expect, it } from 'vitest'
import { MetricsQuery } from '../../workers/contract/metrics.ts'
import { planMetrics } from '../../workers/domain/metrics-plan.ts'

const NOW = Date.UTC(2026, 10, 20, 14, 37, 12)
const queryOf = (more: Partial<MetricsQuery>) =>
  MetricsQuery.parse({
    measures: ['count'],
    from: new Date(NOW - 3_600_000).toISOString(),
    to: new Date(NOW).toISOString(),
    ...more,
  })
const pointerOf = (more: Partial<MetricsQuery>) => {
  try {
    planMetrics(queryOf(more), NOW)
  } catch (error) {
    return (error as { errors?: { pointer: string }[] }).errors?.[0]?.pointer
  }
  return 'planned'
}

describe('a limit of latencies', () => {
  it('is asked with its measure, and its measure with it', () => {
    expect(planMetrics(queryOf({ measures: ['latency_within_rate'], within_ms: 800 }), NOW)).toMatchObject({
      within_ms: 800,
      histogram: true,
    })
    expect(pointerOf({ measures: ['latency_within_rate'] })).toBe('/within_ms')
    expect(pointerOf({ measures: ['count'], within_ms: 800 })).toBe('/within_ms')
    expect(planMetrics(queryOf({}), NOW)).toMatchObject({ within_ms: null, histogram: false })
  })

  it.each([0, 0.5, -1, 86_400_001, Number.NaN, Number.POSITIVE_INFINITY])('is no %d', (within_ms) => {
    expect(MetricsQuery.safeParse({ ...queryOf({}), within_ms }).success).toBe(false)
  })
})

describe('a histogram of latencies', () => {
  it('is read as percentiles are, and nothing is ordered by it', () => {
    expect(planMetrics(queryOf({ measures: ['latency_histogram'] }), NOW)).toMatchObject({ histogram: true })
    expect(pointerOf({ measures: ['latency_histogram'], order: { by: 'latency_histogram', direction: 'desc' } })).toBe(
      '/order/by',
    )
  })
})
