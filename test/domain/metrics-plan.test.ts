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

describe('what a kind holds', () => {
  it.each<[string, Partial<MetricsQuery>, string]>([
    ['scores have a mean', { kind: 'score', measures: ['score_avg', 'score_stddev', 'count'] }, 'planned'],
    ['scores have no errors', { kind: 'score', measures: ['errors'] }, '/measures'],
    ['calls have no scores', { kind: 'llm', measures: ['score_avg'] }, '/measures'],
    ['what was found is of kind pii', { measures: ['pii_detected'] }, '/measures'],
    ['depths are of kind queue', { kind: 'tool', measures: ['value_p90'] }, '/measures'],
    ['queues have no latency', { kind: 'queue', measures: ['latency_p90_ms'] }, '/measures'],
    [
      'leaks have an amount',
      { kind: 'leak', measures: ['cost_usd', 'count'], dimensions: ['leak', 'step'] },
      'planned',
    ],
    ['leaks have no tokens', { kind: 'leak', measures: ['tokens_total'] }, '/measures'],
    ['leaks tell no users apart', { kind: 'leak', dimensions: ['user_id'] }, '/dimensions'],
    ['requests run at once', { measures: ['concurrency_avg'] }, 'planned'],
    ['retries do not', { kind: 'retry', measures: ['concurrency_avg'] }, '/measures'],
    ['hosts are of kind egress', { kind: 'tool', dimensions: ['egress_host'] }, '/dimensions'],
  ])('%s', (_, more, pointer) => {
    expect(pointerOf(more)).toBe(pointer)
  })

  it('is named in the refusal', () => {
    expect(() => planMetrics(queryOf({ kind: 'pii', measures: ['errors'] }), NOW)).toThrow(
      'Rows of kind "pii" hold no errors; they hold count, pii_detected, pii_redacted.',
    )
    expect(() => planMetrics(queryOf({ measures: ['value_avg'] }), NOW)).toThrow(
      'value_avg is of kind "queue", not of "request".',
    )
  })
})
