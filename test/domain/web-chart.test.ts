import { describe, expect, it } from 'vitest'
import {
  brushedRange,
  bucketAt,
  maxOf,
  niceTicks,
  runsOf,
  stackBars,
  timeTicks,
  type ChartSeries,
} from '../../web/src/lib/ui/chart/series.ts'
import { rowWindow, scrollToRow } from '../../web/src/lib/ui/virtual/window.ts'

const series = (
  key: string,
  kind: ChartSeries['kind'],
  values: (number | null)[],
  previous?: (number | null)[],
): ChartSeries => ({ key, label: key, kind, color: 'red', values, text: String, previous })
const hours = (count: number, from = Date.UTC(2026, 10, 22, 13)) =>
  Array.from({ length: count }, (_, at) => ({
    start_ms: from + at * 3_600_000,
    end_ms: from + (at + 1) * 3_600_000,
    partial: false,
  }))

describe('bars', () => {
  it('stack from zero and leave out what is nothing', () => {
    expect(
      stackBars([series('a', 'bar', [2, null]), series('b', 'bar', [3, 4]), series('c', 'line', [9, 9])], 2),
    ).toEqual([
      { key: 'a', at: 0, from: 0, to: 2 },
      { key: 'b', at: 0, from: 2, to: 5 },
      { key: 'b', at: 1, from: 0, to: 4 },
    ])
  })

  it('set the scale together with lines and ghosts', () => {
    expect(maxOf([series('a', 'bar', [2]), series('b', 'bar', [3], [11]), series('c', 'line', [null, 7])], 2)).toBe(11)
    expect(maxOf([], 0)).toBe(0)
  })
})

it('ends a line at a gap', () => {
  expect(runsOf([1, null, 2, 3, null]).map((run) => run.map((point) => point.at))).toEqual([[0], [2, 3]])
})

describe('ticks', () => {
  it.each([
    [9.3, 4, [0, 2.5, 5, 7.5, 10]],
    [0.0004, 4, [0, 0.0001, 0.0002, 0.0003, 0.0004]],
    [1, 4, [0, 0.25, 0.5, 0.75, 1]],
    [12_000, 3, [0, 5000, 10_000, 15_000]],
    [0, 4, [0, 1]],
    [Number.NaN, 4, [0, 1]],
  ])('up to %d, about %i of them', (max, wanted, expected) => {
    expect(niceTicks(max, wanted)).toEqual(expected)
  })

  it.each([
    [2, [0, 1, 2]],
    [1, [0, 1]],
    [9, [0, 5, 10]],
    [100, [0, 25, 50, 75, 100]],
  ])('of things that are counted, up to %i, have no halves', (max, expected) => {
    expect(niceTicks(max, 4, true)).toEqual(expected)
  })

  it('of a day lie on round hours of the viewer', () => {
    const offset = 5.5 * 3_600_000
    const at = timeTicks(hours(24), 'hour', 6, () => offset)
    expect(at.length).toBeLessThanOrEqual(6)
    for (const index of at) expect(Math.floor(((hours(24)[index]?.start_ms ?? 0) + offset) / 3_600_000) % 6).toBe(0)
  })

  it('of days end with the last', () => {
    const days = Array.from({ length: 30 }, (_, at) => ({
      start_ms: at * 86_400_000,
      end_ms: (at + 1) * 86_400_000,
      partial: false,
    }))
    expect(timeTicks(days, 'day', 5, () => 0)).toEqual([1, 8, 15, 22, 29])
  })
})

describe('a selection', () => {
  const buckets = hours(24)
  const from = buckets[0]?.start_ms ?? 0

  it('finds the bucket of a moment, clamped to the ends', () => {
    expect([from - 5, from, from + 3_600_000, from + 1e9].map((ms) => bucketAt(buckets, ms))).toEqual([0, 0, 1, 23])
  })

  it('grows to whole buckets, either way it was dragged; a click is none', () => {
    expect(brushedRange(buckets, from + 5_000_000, from + 100)).toEqual({ from_ms: from, to_ms: from + 7_200_000 })
    expect(brushedRange(buckets, from + 100, from + 200)).toBeNull()
  })
})

describe('a window of rows', () => {
  it.each([
    [0, 0, 18],
    [3200, 92, 118],
    [31_900, 982, 1000],
  ])('scrolled by %i draws %i to %i', (scroll, start, end) => {
    expect(rowWindow(scroll, 320, 32, 1000)).toMatchObject({ start, end, height_px: 32_000, offset_px: start * 32 })
  })

  it('draws nothing of an empty list and everything of a short one', () => {
    expect(rowWindow(0, 320, 32, 0)).toMatchObject({ start: 0, end: 0, height_px: 0 })
    expect(rowWindow(500, 320, 32, 3)).toMatchObject({ start: 0, end: 3 })
  })

  it('scrolls no more than it must', () => {
    expect([scrollToRow(0, 100, 320, 32), scrollToRow(5, 100, 320, 32), scrollToRow(20, 100, 320, 32)]).toEqual([
      0, 100, 352,
    ])
  })
})
