import { describe, expect, it } from 'vitest'
import { rowsOf } from '../../web/src/lib/features/views/product/comparison.ts'
import { differenceOf, releasesOf, verdictOf } from '../../web/src/lib/features/views/product/releases.ts'

const HOUR_MS = 3_600_000
const buckets = [0, 1, 2, 3].map((at) => at * HOUR_MS)
const row = (at: number, workflow_version: string, count: number, successes: number) => ({
  time: new Date(at * HOUR_MS).toISOString(),
  workflow_version,
  count,
  successes,
})

describe('releases', () => {
  it('are versions that were not there at the start, each held against the time between its neighbours', () => {
    const rows = [
      row(0, 'v1', 100, 95),
      row(1, 'v1', 100, 95),
      row(2, 'v1', 20, 19),
      row(2, 'v2', 80, 56),
      row(3, 'v3', 100, 96),
    ]
    const found = releasesOf(rows, buckets)
    expect(found.map(({ version, at_ms, before, since }) => ({ version, at: at_ms / HOUR_MS, before, since }))).toEqual(
      [
        { version: 'v2', at: 2, before: { n: 200, successes: 190 }, since: { n: 100, successes: 75 } },
        { version: 'v3', at: 3, before: { n: 100, successes: 75 }, since: { n: 100, successes: 96 } },
      ],
    )
    expect(found.map(verdictOf)).toEqual(['worse', 'better'])
  })

  it('say nothing of too few traces, nor where the interval holds zero', () => {
    const few = releasesOf([row(0, 'v1', 29, 29), row(1, 'v2', 100, 50)], buckets)
    expect(few.map(verdictOf)).toEqual(['too few traces'])
    const same = releasesOf([row(0, 'v1', 100, 90), row(1, 'v2', 100, 88)], buckets)
    expect(same.map(verdictOf)).toEqual(['no difference shown'])
    expect(releasesOf([], buckets)).toEqual([])
    expect(releasesOf([row(0, 'v1', 10, 10)], buckets)).toEqual([])
  })
})

it('agrees with the published example of the interval', () => {
  // Newcombe 1998, table II, example (a): 56/70 − 48/80, method 10.
  const found = differenceOf({ n: 80, successes: 48 }, { n: 70, successes: 56 })
  expect(found?.value).toBeCloseTo(0.2, 4)
  expect(found?.low).toBeCloseTo(0.0524, 4)
  expect(found?.high).toBeCloseTo(0.3339, 4)
})

it('says of two versions what each is, by how much they differ, and what follows', () => {
  const side = (value: string, runs: number, rate: number) => ({
    value,
    runs,
    unfinished: 0,
    sampled: false,
    successes: Math.round(runs * rate),
    success_rate: { value: rate, low: rate - 0.05, high: rate + 0.05 },
    cost_avg_usd: '0.010000000',
    latency_p50_ms: 1000,
    latency_p90_ms: null,
  })
  const rows = rowsOf(
    {
      dimension: 'workflow_version',
      workflow: 'refund',
      from: '',
      to: '',
      a: side('v1', 1200, 0.9),
      b: side('v2', 300, 0.8),
      differences: {
        success_rate: { measure: 'success_rate', difference: -0.1, low: -0.15, high: -0.05, verdict: 'worse' },
        cost_avg_usd: {
          measure: 'cost_avg_usd',
          difference: '0.000000000',
          low: '-0.010000000',
          high: '0.010000000',
          verdict: 'no_difference_shown',
        },
        latency_p50_ms: { measure: 'latency_p50_ms', difference: 0, low: null, high: null, verdict: 'too_few' },
        latency_p90_ms: { measure: 'latency_p90_ms', difference: null, low: null, high: null, verdict: 'too_few' },
      },
      mixed: 0,
      scores: [
        {
          score: 'helpful',
          a: { values: 1000, mean: 0.8123 },
          b: { values: 250, mean: 0.9 },
          difference: 0.0877,
          low: 0.01,
          high: 0.16,
          verdict: 'better',
        },
      ],
    },
    '/traces',
  )
  const plain = (value: unknown) => (typeof value === 'string' ? value.replaceAll('\u00a0', ' ') : value)
  const said = rows.map(({ cells: { measure, a, b, difference, verdict } }) =>
    [measure, a, b, difference, verdict].map(plain),
  )
  expect(said).toEqual([
    ['Traces', '1,200', '300', null, null],
    [
      'Success',
      '90 % (85 % to 95 %)',
      '80 % (75 % to 85 %)',
      '−10.0 points (−15.0 points to −5.0 points)',
      'B is worse',
    ],
    ['Mean cost', '$0.01', '$0.01', '$0.00 (−$0.01 to $0.01)', 'no difference shown'],
    ['Median length', '1.0 s', '1.0 s', '0 ms', 'too few traces'],
    ['p90 length', null, null, null, 'too few traces'],
    ['Score helpful', '0.812 of 1,000', '0.9 of 250', '0.0877 (0.01 to 0.16)', 'B is better'],
  ])
})
