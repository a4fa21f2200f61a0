import type { Severity } from '../../contract/alert.ts'
import type { SLO_ALERTS } from '../../contract/slo.ts'

/** Two windows that must both burn faster than a threshold: the long one says that it matters, the short one that it goes on. */
export interface BurnWindow {
  severity: Severity
  speed: 'fast' | 'slow'
  long_minutes: number
  short_minutes: number
  threshold: number
}

const HOUR = 60
const WORKBOOK_DAYS = 30
/** Counts come by minutes, of which the last is not over. */
const SHORT_MINUTES_MIN = 2

/**
 * Multiwindow, multi-burn-rate alerts: Site Reliability Workbook (Google, 2018), chapter 5, table 5-8. Of an error
 * budget of 30 days they use 2 %, 5 % and 10 % before they can fire; the short window is a twelfth of the long one.
 */
const WORKBOOK: readonly BurnWindow[] = [
  { severity: 'critical', speed: 'fast', long_minutes: HOUR, short_minutes: 5, threshold: 14.4 },
  { severity: 'critical', speed: 'fast', long_minutes: 6 * HOUR, short_minutes: 30, threshold: 6 },
  { severity: 'warning', speed: 'slow', long_minutes: 72 * HOUR, short_minutes: 6 * HOUR, threshold: 1 },
]

/**
 * The windows of an objective. A budget of 7 days has the same rates over windows that are 7/30 as long, so that the
 * same shares of it are used: longer windows would need thresholds below 1, which no breach is. 28 days have those of 30.
 */
export function burnWindows(windowDays: number): readonly BurnWindow[] {
  if (windowDays >= 28) return WORKBOOK
  const scale = windowDays / WORKBOOK_DAYS
  return WORKBOOK.map((one) => ({
    ...one,
    long_minutes: Math.round(one.long_minutes * scale),
    short_minutes: Math.max(SHORT_MINUTES_MIN, Math.round(one.short_minutes * scale)),
  }))
}

/** Whether a window is one of those that somebody wants to hear of. */
export function isWanted({ speed }: BurnWindow, alerts: (typeof SLO_ALERTS)[number]): boolean {
  return alerts === 'both' || alerts === speed
}
