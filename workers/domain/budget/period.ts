import type { BudgetPeriod } from '../../contract/budget.ts'
import { dayStart, offsetAt } from '../time-zone.ts'

const DAY_MS = 86_400_000
/** 1970-01-01 was a Thursday; weeks begin on Monday (ISO 8601). */
const MONDAY_SHIFT = 3

export interface Span {
  from_ms: number
  to_ms: number
}

/** The day, week or month of an IANA zone that holds a moment: inclusive, exclusive. */
export function periodAt(period: BudgetPeriod, zone: string, atMs: number): Span {
  const day = Math.floor((atMs + offsetAt(zone, atMs)) / DAY_MS)
  // Where clocks pass midnight twice, the day has begun with the first time.
  const today = dayStart(zone, day) > atMs ? day - 1 : day
  const [first, next] = boundaries(period, today)
  return { from_ms: dayStart(zone, first), to_ms: dayStart(zone, next) }
}

function boundaries(period: BudgetPeriod, day: number): [first: number, next: number] {
  if (period === 'day') return [day, day + 1]
  if (period === 'week') {
    const monday = day - ((((day + MONDAY_SHIFT) % 7) + 7) % 7)
    return [monday, monday + 7]
  }
  const date = new Date(day * DAY_MS)
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
  return [Date.UTC(year, month, 1) / DAY_MS, Date.UTC(year, month + 1, 1) / DAY_MS]
}
