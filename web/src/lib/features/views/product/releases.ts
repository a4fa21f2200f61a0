import type { MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import { size } from '../shape.ts'

/** A version's first interval, and what the success of the workflow was before it and since. */
export interface Release {
  version: string
  at_ms: number
  before: { n: number; successes: number }
  since: { n: number; successes: number }
  /** Of the rate since minus the rate before; null where there is too little of either. */
  difference: { low: number; high: number; value: number } | null
}

/** Fewer traces than this on a side say nothing. */
export const TRACES_MIN = 30
const Z95 = 1.959964

/**
 * Releases of one workflow within a range: the first interval of each version but those that were there at its start.
 * "Before" and "since" end at the releases next to it, so that each release is held against its own neighbours.
 */
export function releasesOf(rows: readonly MetricsRow[], buckets: readonly number[]): Release[] {
  const first = new Map<string, number>()
  for (const row of rows) {
    const version = String(row.workflow_version ?? '')
    const at = Date.parse(String(row.time))
    if (version !== '' && size(row, 'count') > 0) first.set(version, Math.min(first.get(version) ?? Infinity, at))
  }
  const start = Math.min(...first.values())
  const found = [...first].filter(([, at]) => at > start).sort(([, a], [, b]) => a - b)
  return found.map(([version, at_ms], index) => {
    const from = found[index - 1]?.[1] ?? buckets[0] ?? at_ms
    const to = found[index + 1]?.[1] ?? Infinity
    const before = sum(rows, from, at_ms)
    const since = sum(rows, at_ms, to)
    return { version, at_ms, before, since, difference: differenceOf(before, since) }
  })
}

function sum(rows: readonly MetricsRow[], from: number, to: number): { n: number; successes: number } {
  const total = { n: 0, successes: 0 }
  for (const row of rows) {
    const at = Date.parse(String(row.time))
    if (at < from || at >= to) continue
    total.n += size(row, 'count')
    total.successes += size(row, 'successes')
  }
  return total
}

type Side = Release['before']

/**
 * The difference of two rates with its 95 % interval: Newcombe's hybrid score interval from Wilson's (Newcombe 1998,
 * Statistics in Medicine 17:873, method 10).
 */
export function differenceOf(before: Side, since: Side): Release['difference'] {
  if (before.n < TRACES_MIN || since.n < TRACES_MIN) return null
  const a = wilson(since)
  const b = wilson(before)
  const value = a.rate - b.rate
  return {
    value,
    low: value - Math.hypot(a.rate - a.low, b.high - b.rate),
    high: value + Math.hypot(a.high - a.rate, b.rate - b.low),
  }
}

/** Wilson's score interval of a rate at 95 %. */
function wilson({ n, successes }: Side): { rate: number; low: number; high: number } {
  const rate = successes / n
  const square = Z95 * Z95
  const middle = (rate + square / (2 * n)) / (1 + square / n)
  const half = (Z95 / (1 + square / n)) * Math.sqrt((rate * (1 - rate)) / n + square / (4 * n * n))
  return { rate, low: middle - half, high: middle + half }
}

/** What a release did, where the data say so: the interval lies on one side of zero. */
export function verdictOf({ difference }: Release): 'better' | 'worse' | 'no difference shown' | 'too few traces' {
  if (difference === null) return 'too few traces'
  if (difference.low > 0) return 'better'
  return difference.high < 0 ? 'worse' : 'no difference shown'
}
