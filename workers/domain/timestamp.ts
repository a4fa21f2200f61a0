import { TIMESTAMP_AGE_DAYS_MAX, TIMESTAMP_AHEAD_MINUTES_MAX } from '../contract/event.ts'

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/
const DAY_MS = 86_400_000
const EPOCH_SECONDS_MAX = 100_000_000_000

export type ParsedTimestamp =
  { ok: true; ms: number } | { ok: false; code: 'timestamp_invalid' | 'timestamp_out_of_range'; detail: string }

/** RFC 3339 with a zone, or epoch milliseconds → whole epoch milliseconds within the accepted window. */
export function parseTimestamp(value: number | string, nowMs: number): ParsedTimestamp {
  const ms = typeof value === 'number' ? Math.floor(value) : fromRfc3339(value)
  if (!Number.isSafeInteger(ms)) {
    return {
      ok: false,
      code: 'timestamp_invalid',
      detail: 'Write RFC 3339 with a zone, like 2026-11-23T12:00:00Z, or epoch milliseconds.',
    }
  }
  if (ms < nowMs - TIMESTAMP_AGE_DAYS_MAX * DAY_MS) {
    const hint =
      ms > 0 && ms < EPOCH_SECONDS_MAX && typeof value === 'number' ? ' It looks like seconds: multiply by 1000.' : ''
    return { ok: false, code: 'timestamp_out_of_range', detail: `Older than ${TIMESTAMP_AGE_DAYS_MAX} days.${hint}` }
  }
  if (ms > nowMs + TIMESTAMP_AHEAD_MINUTES_MAX * 60_000) {
    return {
      ok: false,
      code: 'timestamp_out_of_range',
      detail: `More than ${TIMESTAMP_AHEAD_MINUTES_MAX} minutes in the future: check the sender's clock and zone.`,
    }
  }
  return { ok: true, ms }
}

/** `Date.parse` would take the 30th of February for the 2nd of March. */
function fromRfc3339(text: string): number {
  const match = RFC3339.exec(text)
  if (match === null) return Number.NaN
  const [, year, month, day, hour, minute, second, fraction = '', sign, offsetHours = '0', offsetMinutes = '0'] = match
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const date = new Date(midnight)
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return Number.NaN
  const offset = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1)
  return (
    midnight +
    ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1000 +
    Number(fraction.slice(0, 3).padEnd(3, '0'))
  )
}
