import { DAY_MS, HOUR_MS, startsOfHour } from './calendar.ts'
import type { Trace } from './model.ts'
import { simulate } from './simulate.ts'

export interface FleetOptions {
  seed: number
  /** Mean over a week. */
  tracesPerDay: number
}

/**
 * Traces that start in the hour that begins at `hourMs`. They depend on the seed, the volume and the hour only, so
 * that whoever asks again, at any later time, gets the same ones.
 */
export function tracesOfHour(hourMs: number, { seed, tracesPerDay }: FleetOptions): Trace[] {
  return startsOfHour(hourMs, tracesPerDay, seed).map((startMs, i) => simulate(startMs, seed, i))
}

/** The complete hours of the last `days` UTC days before `nowMs`, the current day being the last of them. */
export function hoursOfHistory(nowMs: number, days: number): number[] {
  const from = Math.floor(nowMs / DAY_MS) * DAY_MS - (days - 1) * DAY_MS
  const to = Math.floor(nowMs / HOUR_MS) * HOUR_MS
  return Array.from({ length: Math.max(0, (to - from) / HOUR_MS) }, (_, i) => from + i * HOUR_MS)
}

/** A trace that starts now, for the live trickle. */
export function liveTrace(startMs: number, { seed }: FleetOptions, serial: number): Trace {
  return simulate(startMs, seed, 'live', serial)
}
