import { dayStart, monthStart, offsetMs } from '../../../zone.ts'
import type { Step } from '../../../ui/chart/words.ts'
import { DAY_MS, type TimeRange } from '../../filters/range.ts'
import type { Control, Scope } from '../panel.ts'

const CUTS = ['hour', 'day', 'week', 'month'] as const satisfies readonly Step[]
export type Cut = (typeof CUTS)[number]

const WORDS: Record<Cut, string> = { hour: 'Hour', day: 'Day', week: 'Week', month: 'Month' }
/** Hours of a longer range are too many to tell apart. */
const HOURS_RANGE_MAX_MS = 8 * DAY_MS
/** The longest range that is cut so where nothing is said. */
const UNTIL_MS: Record<Exclude<Cut, 'month'>, number> = { hour: 2 * DAY_MS, day: 100 * DAY_MS, week: 200 * DAY_MS }

/** What `?by=` names, else what suits the range. */
export function cutOf({ params, range }: Pick<Scope, 'params' | 'range'>): Cut {
  const length = range.to_ms - range.from_ms
  const named = cutsOf(length).find((cut) => cut === params.by)
  return named ?? CUTS.find((cut) => cut === 'month' || length <= UNTIL_MS[cut]) ?? 'day'
}

export function cutControl(scope: Pick<Scope, 'params' | 'range'>): Control {
  const options = cutsOf(scope.range.to_ms - scope.range.from_ms).map((value) => ({ value, label: WORDS[value] }))
  return { param: 'by', label: 'Each', value: cutOf(scope), options }
}

function cutsOf(lengthMs: number): Cut[] {
  return CUTS.filter((cut) => cut !== 'hour' || lengthMs <= HOURS_RANGE_MAX_MS)
}

/**
 * Where a range is cut: at its own start, then at each full hour, and each midnight, Monday or first of the month of its
 * zone. The first and last part may be cut short by the range.
 */
export function bucketsOf({ from_ms, to_ms, zone }: TimeRange, cut: Cut): number[] {
  const buckets = [from_ms]
  for (let at = nextStart(from_ms, cut, zone); at < to_ms; at = nextStart(at, cut, zone)) buckets.push(at)
  return buckets
}

function nextStart(ms: number, cut: Cut, zone: string): number {
  if (cut === 'hour') return Math.floor(ms / 3_600_000) * 3_600_000 + 3_600_000
  if (cut === 'day') return dayStart(ms, zone, 1)
  // Well inside of the month that follows.
  if (cut === 'month') return monthStart(monthStart(ms, zone) + 40 * DAY_MS, zone)
  const weekday = (new Date(ms + offsetMs(ms, zone)).getUTCDay() + 6) % 7
  return dayStart(ms, zone, 7 - weekday)
}

/** The bucket that holds a moment; what began before the first one is of it. */
export function bucketAt(buckets: readonly number[], ms: number): number {
  return Math.max(
    0,
    buckets.findLastIndex((start) => start <= ms),
  )
}
