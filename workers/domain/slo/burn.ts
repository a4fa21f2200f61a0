import type { SloStatus } from '../../contract/slo.ts'
import type { BurnWindow } from './windows.ts'

export type Unjudged = NonNullable<SloStatus['burn'][number]['unjudged']>
export type Burn = SloStatus['burn'][number]

/** What happened in a window: operations, or nano-dollars over a plan of so many. */
export interface Tally {
  /** Below 0 where less was spent than planned. */
  bad: number
  total: number
}

/** What happened in the windows of an objective, each of which ends now. */
export interface Tallies {
  over(minutes: number): Tally
  window: Tally
  /** Why windows up to so many minutes are not judged, whatever they hold. */
  unjudged: { up_to_minutes: number; why: Unjudged } | null
  /** Whether totals are operations, of which there can be too few. */
  counted: boolean
}

/** Fewer operations in the long window judge nothing: one that fails would be a tenth of all. */
export const EVENTS_MIN = 10
/** So few failures may be chance, whatever their share: of little traffic a single one burns fast. */
export const BAD_MIN = 3
/** Spend where nothing was planned burns infinitely fast; answers are JSON, which knows no infinity. */
const RATE_MAX = 1_000_000
const MINUTE_MS = 60_000

export const NOTHING: Tally = { bad: 0, total: 0 }

export const added = (a: Tally, b: Tally): Tally => ({ bad: a.bad + b.bad, total: a.total + b.total })

/**
 * How many times faster than allowed the error budget is used: the share that was bad, of the share that may be. At 1
 * it is used up exactly at the end of the window. Null where nothing happened.
 */
export function burnRate({ bad, total }: Tally, objective: number): number | null {
  if (total <= 0) return bad > 0 ? RATE_MAX : null
  return Math.min(RATE_MAX, Math.max(0, bad) / total / (1 - objective))
}

/** The share that was good: null where nothing happened, 0 where twice as much was spent as planned. */
export function goodShare({ bad, total }: Tally): number | null {
  if (total <= 0) return bad > 0 ? 0 : null
  return Math.min(1, Math.max(0, 1 - bad / total))
}

/** What is left of the error budget over the window: 1 when nothing was bad, below 0 when it is overspent. */
export function budgetLeft({ bad, total }: Tally, objective: number): number | null {
  if (total <= 0) return bad > 0 ? 1 - RATE_MAX : null
  return Math.max(1 - RATE_MAX, Math.min(1, 1 - bad / total / (1 - objective)))
}

/** Both windows of a pair, and whether they fire. */
export function burnOf(pair: BurnWindow, tallies: Tallies, objective: number): Burn {
  const { severity, long_minutes, short_minutes, threshold } = pair
  const long = tallies.over(long_minutes)
  const longRate = burnRate(long, objective)
  const shortRate = burnRate(tallies.over(short_minutes), objective)
  const unjudged = whyNot(long, long_minutes, tallies)
  const isChance = tallies.counted && long.bad < BAD_MIN
  return {
    severity,
    long_window_minutes: long_minutes,
    short_window_minutes: short_minutes,
    threshold,
    long_rate: longRate,
    short_rate: shortRate,
    firing: unjudged === null && !isChance && isOver(longRate, threshold) && isOver(shortRate, threshold),
    unjudged,
  }
}

/**
 * When nothing is left, if the budget goes on burning like this. Null when nothing is left now, or when that takes
 * longer than the window: what is old has left it by then.
 */
export function exhaustedAt(
  left: number | null,
  rate: number | null,
  windowDays: number,
  nowMs: number,
): number | null {
  if (left === null || left <= 0 || rate === null || rate <= 0) return null
  const windowMs = windowDays * 24 * 60 * MINUTE_MS
  const inMs = (left * windowMs) / rate
  return inMs > windowMs ? null : nowMs + inMs
}

const isOver = (rate: number | null, threshold: number) => rate !== null && rate > threshold + ROUNDING
/** A rate at the threshold is not over it, however its division was rounded. */
const ROUNDING = 1e-9

function whyNot({ bad, total }: Tally, minutes: number, { unjudged, counted }: Tallies): Unjudged | null {
  if (unjudged !== null && minutes <= unjudged.up_to_minutes) return unjudged.why
  if (total <= 0 && bad <= 0) return 'no_data'
  return counted && total < EVENTS_MIN ? 'too_few' : null
}
