import { TIMESTAMP_AGE_DAYS_MAX, TIMESTAMP_AHEAD_MINUTES_MAX } from '../contract/event.ts'

const RFC3339 =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt ](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/
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
  if (!RFC3339.test(text)) return Number.NaN
  const month = digits(text, 5, 7) - 1
  const day = digits(text, 8, 10)
  if (day > 28 && new Date(Date.UTC(digits(text, 0, 4), month, day)).getUTCMonth() !== month) return Number.NaN
  const local = Date.UTC(
    digits(text, 0, 4),
    month,
    day,
    digits(text, 11, 13),
    digits(text, 14, 16),
    digits(text, 17, 19),
  )
  return local + fractionMs(text) - offsetMs(text)
}

function fractionMs(text: string): number {
  if (text.charAt(19) !== '.') return 0
  let ms = 0
  for (let i = 20, unit = 100; unit >= 1; i++, unit /= 10) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) break
    ms += digit * unit
  }
  return ms
}

function offsetMs(text: string): number {
  const at = text.length - 6
  const sign = text.charAt(at)
  if (sign !== '+' && sign !== '-') return 0
  const minutes = digits(text, at + 1, at + 3) * 60 + digits(text, at + 4, at + 6)
  return (sign === '+' ? minutes : -minutes) * 60_000
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) value = value * 10 + text.charCodeAt(i) - 48
  return value
}
