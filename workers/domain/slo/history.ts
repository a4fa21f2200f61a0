import type { SloDay } from '../../contract/slo.ts'
import { dayStart, offsetAt } from '../time-zone.ts'
import { added, budgetLeft, goodShare, NOTHING, type Tally } from './burn.ts'

const DAY_MS = 86_400_000

export interface Day {
  from_ms: number
  to_ms: number
}

/** The local days of two windows, oldest first, the last of which is today and ends now. */
export function daysOf(windowDays: number, zone: string, nowMs: number): Day[] {
  const today = Math.floor((nowMs + offsetAt(zone, nowMs)) / DAY_MS)
  const starts = Array.from({ length: 2 * windowDays }, (_, i) => dayStart(zone, today - 2 * windowDays + 1 + i))
  return starts.map((from_ms, i) => ({ from_ms, to_ms: starts[i + 1] ?? nowMs }))
}

/**
 * What was left of the error budget at the end of each day of the window: of the window that ended then, as it rolls.
 * @param days as `daysOf` gives them. @param tallies one for each.
 */
export function historyOf(
  days: readonly Day[],
  tallies: readonly Tally[],
  { objective, window_days }: { objective: number; window_days: number },
): SloDay[] {
  return days.flatMap(({ from_ms, to_ms }, i) => {
    if (i < window_days) return []
    const today = tallies[i] ?? NOTHING
    const window = tallies.slice(i - window_days + 1, i + 1).reduce(added, NOTHING)
    return {
      from: new Date(from_ms).toISOString(),
      to: new Date(to_ms).toISOString(),
      sli: goodShare(today),
      budget_left: budgetLeft(window, objective),
    }
  })
}
