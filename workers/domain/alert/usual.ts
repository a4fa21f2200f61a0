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

/** A window of an earlier day. */
export interface PastWindow extends Window {
  /** Whether it is whole weeks before. */
  is_weekly: boolean
}

export interface PastValue {
  value: number
  is_weekly: boolean
}

/** Whether a measure of two hours is the sum of theirs. */
export function isAdditive(measure: Measure): boolean {
  return !measure.endsWith('_rate') && (measure === 'latency_count' || !/^(latency|unique)_/.test(measure))
}

/**
 * The same hours of the local clock as a window, on earlier days: of the same weekday in the five weeks before, and of
 * the seven days before where they are alike (workdays, or weekend). Newest first.
 */
export function comparable({ from_ms, to_ms }: Window, zone: string): PastWindow[] {
  const weekday = weekdayOf(to_ms, zone)
  const windows: PastWindow[] = []
  for (let days = 1; days <= HISTORY_DAYS; days++) {
    const then = (((weekday - days) % 7) + 7) % 7
    const isWeekly = days % 7 === 0
    const isAlike = days <= 7 && isWeekend(then) === isWeekend(weekday)
    if (!isWeekly && !isAlike) continue
    const end = daysBefore(to_ms, days, zone)
    windows.push({ from_ms: end - (to_ms - from_ms), to_ms: end, is_weekly: isWeekly })
  }
  return windows
}

/**
 * What a group had in comparable windows since it was first seen. Only whole hours are known of the past. Of a window
 * that lies in two of them each counts by its part; but what recurs may all have come in either, so that no less (or,
 * `below`, no more) is taken than if the window were like the busier (quieter) one.
 * @param sinceMs when the group, or anything at all, first came.
 */
export function pastValues(
  hours: Hours,
  windows: readonly PastWindow[],
  measure: Measure,
  sinceMs: number,
  direction: 'above' | 'below' = 'above',
): PastValue[] {
  const values: PastValue[] = []
  for (const window of windows) {
    if (window.from_ms < sinceMs) continue
    const value = valueIn(hours, window, isAdditive(measure), direction)
    if (value !== null) values.push({ value, is_weekly: window.is_weekly })
  }
  return values
}

/** What chance alone does to a value. */
export interface Noise {
  /** Operations in the window: usually, or for a rate now. */
  counted: number
  /** Variance of an hour by its mean, of sums; null where too little is known. */
  dispersion: number | null
}

/**
 * The median of past values and their robust standard deviation, 1.4826 times the median absolute deviation (Rousseeuw
 * and Croux, 1993). A few values may lie close together by chance, so it is at least a tenth of the median, and what
 * chance alone does: for sums √(dispersion · median), for counts no less than Poisson's √median, for a rate that of a
 * binomial distribution (its share moved towards a half, as by Agresti and Coull, 1998).
 */
export function usualOf(values: readonly PastValue[], measure: Measure, noise: Noise): Usual | null {
  if (values.length < SAMPLES_MIN) return null
  const middle = median(values.map(({ value }) => value))
  const mad = median(values.map(({ value }) => Math.abs(value - middle)))
  const floor = Math.max(RELATIVE_FLOOR * Math.abs(middle), chance(middle, measure, noise))
  return { median: middle, deviation: Math.max(MAD_TO_SIGMA * mad, floor), samples: values.length }
}

function chance(middle: number, measure: Measure, { counted, dispersion }: Noise): number {
  if (measure.endsWith('_rate')) {
    const share = (middle * counted + 2) / (counted + 4)
    return Math.sqrt((share * (1 - share)) / (counted + 4))
  }
  if (!isAdditive(measure)) return 0
  const isCount = !measure.endsWith('_usd') && !measure.startsWith('tokens_')
  // Before a week has passed: amounts that differ as much as they are large.
  const each = dispersion ?? (2 * middle) / Math.max(counted, 1)
  const unit = isCount ? Math.max(each, 1) : each
  return Math.sqrt(unit * Math.max(middle, unit))
}

const WEEK_MS = 7 * DAY_MS
const PAIRS_MIN = 24
/** Three quarters of the squares of a normal variable are smaller. */
const CHI_SQUARED_75 = 1.323

/**
 * How much hours differ from the same a week before, in proportion to the root of their size: of a sum of n amounts it
 * is what one of them is. All hours of five weeks tell it far better than the few that are compared with.
 */
export function dispersionOf(hours: Hours, sinceMs: number): number | null {
  const ratios: number[] = []
  for (const [at, value] of hours) {
    if (at - WEEK_MS < sinceMs) continue
    const before = hours.get(at - WEEK_MS) ?? 0
    if (value + before > 0) ratios.push((value - before) ** 2 / (value + before))
  }
  if (ratios.length < PAIRS_MIN) return null
  ratios.sort((a, b) => a - b)
  return (ratios[Math.floor(ratios.length * 0.75)] ?? 0) / CHI_SQUARED_75
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
function valueIn(
  hours: Hours,
  { from_ms, to_ms }: Window,
  additive: boolean,
  direction: 'above' | 'below',
): number | null {
  let sum = 0
  let weight = 0
  const each: number[] = []
  for (let hour = Math.floor(from_ms / HOUR_MS) * HOUR_MS; hour < to_ms; hour += HOUR_MS) {
    const value = hours.get(hour)
    each.push(value ?? 0)
    if (value === undefined) continue
    const part = (Math.min(to_ms, hour + HOUR_MS) - Math.max(from_ms, hour)) / HOUR_MS
    sum += value * part
    weight += part
  }
  if (!additive) return weight > 0 ? sum / weight : null
  const length = (to_ms - from_ms) / HOUR_MS
  if (length > 1) return sum
  return direction === 'above' ? Math.max(...each) * length : Math.min(...each) * length
}

function weekdayOf(ms: number, zone: string): number {
  // 1970-01-01 was a Thursday; 0 is Monday.
  return (Math.floor((ms + offsetAt(zone, ms)) / DAY_MS) + 3) % 7
}

const isWeekend = (weekday: number) => weekday >= 5
