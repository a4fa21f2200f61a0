import { describe, expect, it } from 'vitest'
import type { LiveEvent } from '../../workers/contract/live.ts'
import {
  backoffMs,
  parseLiveFilter,
  passes,
  prepend,
  ratePerSecond,
  recentArrivals,
  ROWS_MAX,
} from '../../web/src/lib/features/live/feed.ts'

const EVENT: LiveEvent = {
  event_type: 'agent.tool.failed',
  timestamp: 0,
  trace_id: 't1',
  span_id: 's',
  agent_id: 'support',
  workflow_id: 'refund',
  tool_name: 'pay.refund',
  status: 'error',
}
const filter = (query: string) => parseLiveFilter(new URLSearchParams(query))
const row = (seq: number) => ({ seq, event: EVENT })

describe('the filter', () => {
  it.each([
    ['', true],
    ['type=agent.tool.failed', true],
    ['type=agent.retry', false],
    ['status=error', true],
    ['status=ok', false],
    ['agent=support', true],
    ['agent=sup', false],
    ['workflow=refund&text=PAY', true],
    ['text=nothing', false],
    ['text=t1', true],
  ])('%j lets the event pass: %s', (query, expected) => {
    expect(passes(EVENT, filter(query))).toBe(expected)
  })
})

describe('the list', () => {
  it('has the newest on top and never grows past its bound', () => {
    const rows = prepend(
      Array.from({ length: ROWS_MAX }, (_, at) => row(ROWS_MAX - at)),
      [row(1002), row(1001)],
    )
    expect(rows).toHaveLength(ROWS_MAX)
    expect(rows.slice(0, 3).map((one) => one.seq)).toEqual([1002, 1001, 1000])
    expect(
      prepend(
        rows,
        Array.from({ length: 3 }, (_, at) => row(3000 - at)),
        2,
      ).map((one) => one.seq),
    ).toEqual([3000, 2999])
  })
})

describe('the rate', () => {
  const arrivals = [
    { at_ms: 1000, count: 100 },
    { at_ms: 15_000, count: 20 },
    { at_ms: 19_000, count: 30 },
  ]

  it('is events a second over ten seconds', () => {
    expect(ratePerSecond(arrivals, 20_000, 0)).toBe(5)
    expect(recentArrivals(arrivals, 20_000)).toHaveLength(2)
  })

  it('does not divide a young connection by ten seconds, nor by nothing', () => {
    expect(ratePerSecond([{ at_ms: 500, count: 8 }], 2000, 0)).toBe(4)
    expect(ratePerSecond([{ at_ms: 1, count: 8 }], 2, 1)).toBe(8)
  })
})

it('waits longer each time, with jitter, and never longer than half a minute', () => {
  expect([0, 1, 2, 20].map((attempt) => backoffMs(attempt, 1))).toEqual([500, 1000, 2000, 30_000])
  expect(backoffMs(3, 0)).toBe(2000)
})
