/** UTC offsets over a range: each holds until the next one begins. */
export interface OffsetSpan {
  from_ms: number
  offset_ms: number
}

const DAY_MS = 86_400_000
const MINUTE_MS = 60_000
const formatters = new Map<string, Intl.DateTimeFormat>()

export function isTimeZone(zone: string): boolean {
  try {
    formatterOf(zone)
    return true
  } catch {
    return false
  }
}

/** Local time minus UTC in an IANA zone at a moment, in milliseconds. */
export function offsetAt(zone: string, ms: number): number {
  const parts: Record<string, number> = {}
  for (const { type, value } of formatterOf(zone).formatToParts(ms)) parts[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts
  const local = Date.UTC(year, month - 1, day, hour, minute, second)
  return local - (ms - (ms % 1000))
}

/** The offsets in force over [from, to), with each change found to the minute. */
export function offsetSpans(zone: string, fromMs: number, toMs: number): OffsetSpan[] {
  const spans = [{ from_ms: fromMs, offset_ms: offsetAt(zone, fromMs) }]
  for (let at = fromMs; at < toMs; at += DAY_MS) {
    const next = Math.min(at + DAY_MS, toMs)
    const before = spans.at(-1)?.offset_ms
    const after = offsetAt(zone, next)
    if (after === before) continue
    spans.push({ from_ms: changeBetween(zone, at, next, after), offset_ms: after })
  }
  return spans
}

/**
 * The UTC moment at which the local day with this index (days since 1970-01-01, local) begins. Where clocks
 * jump over midnight, the day begins with the jump; where they pass it twice, with the first time.
 */
export function dayStart(zone: string, dayIndex: number): number {
  return momentOf(zone, dayIndex * DAY_MS)
}

/**
 * The UTC moment at which a wall clock of the zone shows a time, given as if it were UTC. A time that clocks jump over
 * is the moment of the jump; one that they show twice is the first.
 */
export function momentOf(zone: string, localMs: number): number {
  const before = offsetAt(zone, localMs - DAY_MS)
  const after = offsetAt(zone, localMs + DAY_MS)
  const shown = [...new Set([before, after])].filter((offset) => offsetAt(zone, localMs - offset) === offset)
  if (shown.length > 0) return localMs - Math.max(...shown)
  const jump = offsetSpans(zone, localMs - DAY_MS, localMs + DAY_MS).find(
    ({ from_ms, offset_ms }) => from_ms + offset_ms > localMs,
  )
  return jump?.from_ms ?? localMs - before
}

/** The start of the local day after the one that is under way at `ms`. */
export function nextDayStart(zone: string, ms: number): number {
  return dayStart(zone, Math.floor((ms + offsetAt(zone, ms)) / DAY_MS) + 1)
}

function changeBetween(zone: string, low: number, high: number, after: number): number {
  let from = low
  let to = high
  while (to - from > MINUTE_MS) {
    const middle = Math.floor((from + to) / 2)
    if (offsetAt(zone, middle) === after) to = middle
    else from = middle
  }
  return Math.ceil(from / MINUTE_MS) * MINUTE_MS
}

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone)
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    formatters.set(zone, formatter)
  }
  return formatter
}
