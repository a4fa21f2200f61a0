import type { Usual } from '../../contract/alert.ts'
import type { Measure } from '../../contract/metrics.ts'
import { offsetAt } from '../time-zone.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** How far back the past is asked. */
export const HISTORY_DAYS = 35
/** Fewer values of the past say nothing about what is usual. */
export const SAMPLES_MIN = 4
/** Makes the median absolute deviation an estimate of the standard deviation of a normal distribution. */
const MAD_TO_SIGMA = 1.4826
/** Regular traffic has a deviation near 0, and everything would be far from it: a tenth of the median is no surprise. */
const RELATIVE_FLOOR = 0.1

/** Values by the starts of UTC hours; an hour that is left out had nothing. */
export type Hours = ReadonlyMap<number, number>

export interface Window {
  from_ms: number
  to_ms: number
}

/** Whether a measure of two hours is the sum of theirs. */
export function isAdditive(measure: Measure): boolean {
  return !measure.endsWith('_rate') && !measure.startsWith('latency_') && !measure.startsWith('unique_')
}

/**
 * The same hours of the local clock as a window, on earlier days: of the same weekday in the five weeks before, and of
 * the seven days before where they are alike (workdays, or weekend). Newest first.
 */
export function comparable({ from_ms, to_ms }: Window, zone: string): Window[] {
  const weekday = weekdayOf(to_ms, zone)
  const windows: Window[] = []
  for (let days = 1; days <= HISTORY_DAYS; days++) {
    const then = (((weekday - days) % 7) + 7) % 7
    const isAlike = days <= 7 && isWeekend(then) === isWeekend(weekday)
    if (days % 7 !== 0 && !isAlike) continue
    const end = daysBefore(to_ms, days, zone)
    windows.push({ from_ms: end - (to_ms - from_ms), to_ms: end })
  }
  return windows
}

/**
 * What a group had in comparable windows since it was first seen; of hours that a window touches only in part, that
 * part counts.
 * @param sinceMs when the group, or anything at all, first came.
 */
export function pastValues(hours: Hours, windows: readonly Window[], measure: Measure, sinceMs: number): number[] {
  return windows
    .filter(({ from_ms }) => from_ms >= sinceMs)
    .map((window) => valueIn(hours, window, isAdditive(measure)))
    .filter((value) => value !== null)
}

/**
 * The median of past values and their robust standard deviation, 1.4826 times the median absolute deviation (Rousseeuw
 * and Croux, 1993). It is at least a tenth of the median, and of counts that of a Poisson distribution.
 */
export function usualOf(values: readonly number[], measure: Measure): Usual | null {
  if (values.length < SAMPLES_MIN) return null
  const middle = median(values)
  const mad = median(values.map((value) => Math.abs(value - middle)))
  const counts = isAdditive(measure) && !measure.endsWith('_usd') && !measure.startsWith('tokens_')
  const floor = Math.max(RELATIVE_FLOOR * Math.abs(middle), counts ? Math.sqrt(Math.max(middle, 1)) : 0)
  return { median: middle, deviation: Math.max(MAD_TO_SIGMA * mad, floor), samples: values.length }
}

/** The same time of the local clock so many days before. */
export function daysBefore(ms: number, days: number, zone: string): number {
  const offset = offsetAt(zone, ms)
  const local = ms + offset - days * DAY_MS
  return local - offsetAt(zone, local - offset)
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (sorted.length - 1) / 2
  return ((sorted[Math.floor(at)] ?? 0) + (sorted[Math.ceil(at)] ?? 0)) / 2
}

/** A sum, or a mean by how long each hour is touched; null for a mean of nothing. */
function valueIn(hours: Hours, { from_ms, to_ms }: Window, additive: boolean): number | null {
  let sum = 0
  let weight = 0
  for (let hour = Math.floor(from_ms / HOUR_MS) * HOUR_MS; hour < to_ms; hour += HOUR_MS) {
    const value = hours.get(hour)
    if (value === undefined) continue
    const part = (Math.min(to_ms, hour + HOUR_MS) - Math.max(from_ms, hour)) / HOUR_MS
    sum += value * part
    weight += part
  }
  return additive ? sum : weight > 0 ? sum / weight : null
}

function weekdayOf(ms: number, zone: string): number {
  // 1970-01-01 was a Thursday; 0 is Monday.
  return (Math.floor((ms + offsetAt(zone, ms)) / DAY_MS) + 3) % 7
}

const isWeekend = (weekday: number) => weekday >= 5
