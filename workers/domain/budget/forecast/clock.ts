import { offsetAt } from '../../time-zone.ts'

const DAY_MS = 86_400_000

/** What the clocks of a zone show. */
export interface LocalClock {
  zone: string
  nowMs: number
  /** Days since 1970-01-01, local. */
  today: number
  /** Share of the day that is over, by the clock on the wall. */
  dayShare: number
}

export function clockAt(zone: string, nowMs: number): LocalClock {
  const local = nowMs + offsetAt(zone, nowMs)
  const today = Math.floor(local / DAY_MS)
  return { zone, nowMs, today, dayShare: local / DAY_MS - today }
}

/** The local day that ends at a moment between two days. */
export function dayEndingAt(zone: string, ms: number): number {
  return Math.floor((ms - 1 + offsetAt(zone, ms - 1)) / DAY_MS)
}

/** Days since 1970-01-01 → the date, like 2026-11-28. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10)
}
