import type { SpendSum } from '../../contract/budget.ts'
import type { OffsetSpan } from '../time-zone.ts'

const HOUR_MS = 3_600_000
export const WEEK_HOURS = 168
const WEEK_MS = WEEK_HOURS * HOUR_MS
/** With one week of history, any hour of it would be usual. */
const WEEKS_MIN = 2
const WEEKS_MAX = 4
/** An hour that usually spends nothing is planned a tenth of an even share, or any cent in it would be infinitely much. */
const WEIGHT_MIN = 0.1
/** Where fewer of the hours that ever spent something usually do, there is no weekly pattern. */
const REGULAR_MIN = 0.5

/** Shares of an even hour by local hour of the week (0 is Thursday midnight, as since 1970); null: evenly. */
export type Profile = readonly number[] | null

/**
 * How spend is usually spread over a week: for each hour the median of its shares of two to four whole weeks, so that
 * neither a single spike nor a higher level is taken for a habit. Null with less history, or where spend follows no week.
 * @param hours sums of UTC hours, those without spend left out. @param endMs a whole hour.
 */
export function profileOf(hours: readonly SpendSum[], offsets: readonly OffsetSpan[], endMs: number): Profile {
  const first = hours[0]
  if (first === undefined) return null
  const count = Math.min(WEEKS_MAX, Math.floor((endMs - first.at_ms) / WEEK_MS))
  if (count < WEEKS_MIN) return null
  const weeks = weeksOf(hours, offsets, endMs - count * WEEK_MS, count)
  const usual = Array.from({ length: WEEK_HOURS }, (_, hour) => median(weeks.map((week) => week[hour] ?? 0)))
  const ever = usual.filter((_, hour) => weeks.some((week) => (week[hour] ?? 0) > 0))
  if (ever.length === 0 || ever.filter((share) => share > 0).length < ever.length * REGULAR_MIN) return null
  const mean = sum(usual) / WEEK_HOURS
  return usual.map((share) => Math.max(WEIGHT_MIN, share / mean))
}

/** What each hour had of its week's spend. Where clocks go back, an hour comes twice. */
function weeksOf(hours: readonly SpendSum[], offsets: readonly OffsetSpan[], fromMs: number, count: number) {
  const weeks = Array.from({ length: count }, () => Array.from({ length: WEEK_HOURS }, () => 0))
  for (const { at_ms, cost_nanousd } of hours) {
    const week = weeks[Math.floor((at_ms - fromMs) / WEEK_MS)]
    const hour = hourOfWeek(at_ms, offsets)
    if (week !== undefined) week[hour] = (week[hour] ?? 0) + Math.max(0, Number(cost_nanousd))
  }
  return weeks.map((week) => {
    const total = sum(week)
    return total === 0 ? week : week.map((spent) => spent / total)
  })
}

export function hourOfWeek(atMs: number, offsets: readonly OffsetSpan[]): number {
  const hour = Math.floor((atMs + offsetIn(offsets, atMs)) / HOUR_MS)
  return ((hour % WEEK_HOURS) + WEEK_HOURS) % WEEK_HOURS
}

export function offsetIn(offsets: readonly OffsetSpan[], atMs: number): number {
  return (offsets.findLast(({ from_ms }) => from_ms <= atMs) ?? offsets[0])?.offset_ms ?? 0
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const [low = 0, high = 0] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return (low + high) / 2
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
