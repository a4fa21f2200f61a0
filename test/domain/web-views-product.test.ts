import { describe, expect, it } from 'vitest'
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
