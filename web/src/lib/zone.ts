const formats = new Map<string, Intl.DateTimeFormat>()

/** Whether the platform knows an IANA time zone by this name. */
export function isZone(zone: string): boolean {
  try {
    return format(zone) !== null
  } catch {
    return false
  }
}

/** How far the zone's clocks are ahead of UTC at a moment. */
export function offsetMs(ms: number, zone: string): number {
  const part: Record<string, number> = {}
  for (const { type, value } of format(zone).formatToParts(ms)) part[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000
}

/** The moment at which the zone's calendar day of `ms`, moved by `days`, begins. */
export function dayStart(ms: number, zone: string, days = 0): number {
  const local = new Date(ms + offsetMs(ms, zone))
  return fromLocal(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days), zone)
}

/** The moment at which the zone's calendar month of `ms` begins. */
export function monthStart(ms: number, zone: string): number {
  const local = new Date(ms + offsetMs(ms, zone))
  return fromLocal(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), 1), zone)
}

/** A wall-clock time, given as if it were UTC, as a moment. In a gap of the clocks: the moment after it. */
export function fromLocal(localMs: number, zone: string): number {
  const guess = localMs - offsetMs(localMs, zone)
  const settled = localMs - offsetMs(guess, zone)
  return Math.max(settled, localMs - offsetMs(settled, zone))
}

/** The wall clock at a moment as `2026-06-01T12:30`, the value of a datetime-local input. */
export function toLocalInput(ms: number, zone: string): string {
  return new Date(ms + offsetMs(ms, zone)).toISOString().slice(0, 16)
}

/** A value of a datetime-local input as a moment, or null. */
export function fromLocalInput(value: string, zone: string): number | null {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(value)) return null
  const local = Date.parse(`${value}Z`)
  return Number.isFinite(local) ? fromLocal(local, zone) : null
}

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(zone, made)
  return made
}
