import type { ReportTiming } from '../../contract/report.ts'
import { momentOf, offsetAt } from '../time-zone.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000
/** From any day, the next of a monthly timing lies at most 31 days on; one more at each end for the zone. */
const DAYS_AHEAD = 33

/**
 * The first moment after `afterMs` at which a report is due. Where clocks jump over the hour it is due at the jump;
 * where they show the hour twice, the first time only.
 */
export function nextOccurrence(timing: ReportTiming, zone: string, afterMs: number): number {
  const today = Math.floor((afterMs + offsetAt(zone, afterMs)) / DAY_MS)
  for (let day = today - 1; day <= today + DAYS_AHEAD; day++) {
    if (!isOn(timing, day)) continue
    const due = momentOf(zone, day * DAY_MS + timing.hour * HOUR_MS)
    if (due > afterMs) return due
  }
  throw new Error('a timing that never comes')
}

/** Whether a local day, counted from 1970-01-01, is one of the timing's. */
function isOn(timing: ReportTiming, day: number): boolean {
  if (timing.every === 'day') return true
  // The day 0 was a Thursday.
  if (timing.every === 'week') return ((((day + 3) % 7) + 7) % 7) + 1 === timing.weekday
  const date = new Date(day * DAY_MS)
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  return date.getUTCDate() === Math.min(timing.day, last)
}
