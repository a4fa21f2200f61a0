import { dayStart, fromLocalInput } from '../../zone.ts'

export const PRESETS = ['1h', '24h', '7d', '30d', '90d'] as const
export type Preset = (typeof PRESETS)[number]
export type Step = 'minute' | 'hour' | 'day'

export const PRESET_WORDS: Record<Preset, { short: string; long: string }> = {
  '1h': { short: '1 h', long: 'last hour' },
  '24h': { short: '24 h', long: 'last 24 hours' },
  '7d': { short: '7 d', long: 'last 7 days' },
  '30d': { short: '30 d', long: 'last 30 days' },
  '90d': { short: '90 d', long: 'last 90 days' },
}

export const MINUTE_MS = 60_000
export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000
/** Imports reach this far back, so a range may. */
export const RANGE_DAYS_MAX = 400
const MINUTE_STEP_MS_MAX = 3 * HOUR_MS
const HOUR_STEP_MS_MAX = 8 * DAY_MS
/** Minutes are kept for this long; older ranges are cut in hours. */
const MINUTES_KEPT_MS = 24 * HOUR_MS

/** A range of time, cut in whole steps: the last bucket may lie partly in the future. */
export interface TimeRange {
  preset: Preset | null
  from_ms: number
  /** Exclusive: the end of the last bucket. */
  to_ms: number
  step: Step
  zone: string
  /** Starts of the buckets, oldest first. */
  buckets: number[]
  /** The period of the same length just before, in as many buckets. */
  previous: { from_ms: number; to_ms: number; buckets: number[] }
  /** Why the URL's range was not used. */
  problem: string | null
}

/** Reads `?range=7d`, or `?from=&to=`, in the viewer's zone. What cannot be read falls back, and says so. */
export function parseRange(params: URLSearchParams, nowMs: number, zone: string, fallback: Preset = '24h'): TimeRange {
  const from = params.get('from')
  const to = params.get('to')
  if (from !== null || to !== null) {
    const custom = parseCustom(from, to, nowMs, zone)
    if (typeof custom !== 'string') return custom
    return { ...presetRange(fallback, nowMs, zone), problem: custom }
  }
  const wanted = params.get('range')
  const preset = PRESETS.find((name) => name === wanted)
  if (preset !== undefined || wanted === null || wanted === '') return presetRange(preset ?? fallback, nowMs, zone)
  return { ...presetRange(fallback, nowMs, zone), problem: `There is no range called “${wanted.slice(0, 20)}”.` }
}

/** Sets the range in a copy of the parameters; a cursor of another list does not outlive it. */
export function withRange(
  params: URLSearchParams,
  range: Preset | { from_ms: number; to_ms: number },
): URLSearchParams {
  const next = new URLSearchParams(params)
  for (const name of ['range', 'from', 'to', 'cursor']) next.delete(name)
  if (typeof range === 'string') next.set('range', range)
  else {
    next.set('from', new Date(range.from_ms).toISOString())
    next.set('to', new Date(range.to_ms).toISOString())
  }
  return next
}

/** The URL's parameters that say a range, to carry it to another page. */
export function rangeParams(range: TimeRange): URLSearchParams {
  return withRange(new URLSearchParams(), range.preset ?? range)
}

/** How often a view of this range is worth reloading; null for a range that lies in the past. */
export function refreshMs(range: TimeRange, nowMs: number): number | null {
  if (range.to_ms <= nowMs) return null
  return range.step === 'day' ? 60_000 : 10_000
}

function presetRange(preset: Preset, nowMs: number, zone: string): TimeRange {
  const count = Number.parseInt(preset, 10)
  if (preset === '1h') return steps(preset, floor(nowMs, MINUTE_MS) - 59 * MINUTE_MS, 60, MINUTE_MS, 'minute', zone)
  if (preset === '24h') return steps(preset, floor(nowMs, HOUR_MS) - 23 * HOUR_MS, 24, HOUR_MS, 'hour', zone)
  if (preset === '7d') return steps(preset, floor(nowMs, HOUR_MS) - 167 * HOUR_MS, 168, HOUR_MS, 'hour', zone)
  return days(preset, nowMs, count, zone)
}

function parseCustom(from: string | null, to: string | null, nowMs: number, zone: string): TimeRange | string {
  const start = moment(from, zone)
  const end = to === null || to === '' ? nowMs : moment(to, zone)
  if (start === null || end === null) return 'The range’s start or end is not a time.'
  if (end <= start) return 'The range’s end must be after its start.'
  if (end - start > RANGE_DAYS_MAX * DAY_MS) return `A range may span ${RANGE_DAYS_MAX} days at most.`
  if (end - start <= MINUTE_STEP_MS_MAX && start >= nowMs - MINUTES_KEPT_MS)
    return cut(start, end, MINUTE_MS, 'minute', zone)
  if (end - start <= HOUR_STEP_MS_MAX) return cut(start, end, HOUR_MS, 'hour', zone)
  const first = dayStart(start, zone)
  return days(null, end - 1, Math.round((dayStart(end - 1, zone) - first) / DAY_MS) + 1, zone)
}

function moment(text: string | null, zone: string): number | null {
  if (text === null) return null
  const local = fromLocalInput(text, zone)
  if (local !== null) return local
  const ms = /(Z|[+-]\d\d:?\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
  return Number.isFinite(ms) ? ms : null
}

function cut(startMs: number, endMs: number, stepMs: number, step: Step, zone: string): TimeRange {
  const from = floor(startMs, stepMs)
  return steps(null, from, Math.ceil((endMs - from) / stepMs), stepMs, step, zone)
}

function steps(
  preset: Preset | null,
  from: number,
  count: number,
  stepMs: number,
  step: Step,
  zone: string,
): TimeRange {
  const length = count * stepMs
  const buckets = Array.from({ length: count }, (_, at) => from + at * stepMs)
  const previous = { from_ms: from - length, to_ms: from, buckets: buckets.map((start) => start - length) }
  return { preset, from_ms: from, to_ms: from + length, step, zone, buckets, previous, problem: null }
}

function days(preset: Preset | null, lastMs: number, count: number, zone: string): TimeRange {
  const start = (at: number) => dayStart(lastMs, zone, at - count + 1)
  const buckets = Array.from({ length: count }, (_, at) => start(at))
  const before = buckets.map((_, at) => start(at - count))
  const from = start(0)
  return {
    preset,
    from_ms: from,
    to_ms: start(count),
    step: 'day',
    zone,
    buckets,
    previous: { from_ms: start(-count), to_ms: from, buckets: before },
    problem: null,
  }
}

function floor(ms: number, stepMs: number): number {
  return Math.floor(ms / stepMs) * stepMs
}
