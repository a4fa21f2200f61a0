import * as z from 'zod'
import { AppError } from '../../domain/errors.ts'
import { dayStart, isTimeZone } from '../../domain/time-zone.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000

/** As in the dashboard, so that a page shows the same numbers: minutes, hours or days up to the present one. */
const RANGES = {
  '1h': { unit: MINUTE_MS, count: 60 },
  '24h': { unit: HOUR_MS, count: 24 },
  '7d': { unit: HOUR_MS, count: 168 },
  '30d': { unit: DAY_MS, count: 30 },
  '90d': { unit: DAY_MS, count: 90 },
} as const
type RangeName = keyof typeof RANGES

const moment = z.iso.datetime({ offset: true })
export const RangeInput = {
  range: z
    .enum(['1h', '24h', '7d', '30d', '90d'])
    .optional()
    .describe('Up to now; 24h where neither this nor "from" is said'),
  from: moment.optional().describe('RFC 3339 with a zone, instead of "range"'),
  to: moment.optional().describe('Exclusive end, with "from"; now where it is left out'),
}
export const RangeOutput = { from: z.string(), to: z.string().describe('Exclusive') }

export interface Range {
  from: string
  to: string
  /** As the dashboard's pages say it in their address. */
  link: Record<string, string>
}
interface Asked {
  range?: RangeName | undefined
  from?: string | undefined
  to?: string | undefined
}

/** The range that is meant, cut at the days of this zone. @throws AppError invalid_input. */
export function rangeAsked({ range, from, to }: Asked, nowMs: number, zone: string): Range {
  if (!isTimeZone(zone)) throw invalid('time_zone', 'Not an IANA time zone, like Europe/Berlin.')
  if (from === undefined && to !== undefined) throw invalid('from', 'A range that has an end needs a start.')
  if (from === undefined) return { ...span(...presetOf(range ?? '24h', nowMs, zone)), link: { range: range ?? '24h' } }
  if (range !== undefined) throw invalid('range', 'Say either "range" or "from" and "to".')
  const custom = span(Date.parse(from), to === undefined ? nowMs : Date.parse(to))
  if (custom.to <= custom.from) throw invalid('to', 'The end must be after the start.')
  return { ...custom, link: custom }
}

function presetOf(name: RangeName, nowMs: number, zone: string): [from: number, to: number] {
  const { unit, count } = RANGES[name]
  if (unit !== DAY_MS) {
    const end = (Math.floor(nowMs / unit) + 1) * unit
    return [end - count * unit, end]
  }
  const day = localDay(nowMs, zone)
  return [dayStart(zone, day - count + 1), dayStart(zone, day + 1)]
}

/** The day of the zone, counted from 1970-01-01. */
function localDay(ms: number, zone: string): number {
  const guess = Math.floor(ms / DAY_MS)
  return [guess + 1, guess, guess - 1].find((day) => dayStart(zone, day) <= ms) ?? guess
}

const span = (from: number, to: number) => ({ from: new Date(from).toISOString(), to: new Date(to).toISOString() })

function invalid(argument: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer: `/${argument}`, detail }] })
}
