import { randomOf } from './random.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS

/** Share of a day's traffic by UTC hour: two peaks in office hours, a quiet night. */
const HOURS = [8, 6, 5, 5, 7, 14, 30, 55, 84, 100, 104, 96, 78, 90, 102, 98, 86, 66, 46, 34, 26, 20, 15, 11]
/** Sunday first. */
const WEEKDAYS = [0.34, 1.22, 1.3, 1.28, 1.24, 1.14, 0.48]

const HOURS_SUM = HOURS.reduce((sum, n) => sum + n, 0)
/** 1970-01-01 was a Thursday. */
const weekdayOf = (day: number) => (day + 4) % 7

/** Whether a day since 1970 is a Saturday or a Sunday. */
export function isWeekend(day: number): boolean {
  return weekdayOf(day) % 6 === 0
}

/** Expected traces in the hour that begins at `hourMs`, for a weekly mean of `perDay` a day. */
export function expectedTraces(hourMs: number, perDay: number): number {
  const day = Math.floor(hourMs / DAY_MS)
  const hour = Math.floor((hourMs % DAY_MS) / HOUR_MS)
  return (perDay * (WEEKDAYS[weekdayOf(day)] ?? 1) * (HOURS[hour] ?? 0)) / HOURS_SUM
}

/** When the traces of one hour start, in order. Depends on the seed and the hour only. */
export function startsOfHour(hourMs: number, perDay: number, seed: number): number[] {
  const random = randomOf(seed, 'starts', hourMs)
  const expected = expectedTraces(hourMs, perDay) * random.around(1, 0.08)
  const count = Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0)
  return Array.from({ length: count }, () => hourMs + random.integer(0, HOUR_MS - 1)).sort((a, b) => a - b)
}
