import type { ChartBucket, Step } from './series.ts'

export type { Step }

const formats = new Map<string, Intl.DateTimeFormat>()

function say(ms: number, zone: string, options: Intl.DateTimeFormatOptions): string {
  const key = `${zone} ${JSON.stringify(options)}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
  formats.set(key, format)
  return format.format(ms)
}

const CLOCK: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit' }
const DATE: Intl.DateTimeFormatOptions = { day: 'numeric', month: 'short' }
const MONTH: Intl.DateTimeFormatOptions = { month: 'short', year: 'numeric' }

/** A label of the time axis: a date where a day begins, else the clock. */
export function tickText(ms: number, step: Step, zone: string): string {
  const clock = say(ms, zone, CLOCK)
  if (step === 'month') return say(ms, zone, MONTH)
  return step === 'day' || step === 'week' || (step === 'hour' && clock === '00:00') ? say(ms, zone, DATE) : clock
}

/** A bucket in words: "Mon 23 Nov, 12:00–13:00". */
export function bucketText(bucket: ChartBucket, step: Step, zone: string): string {
  const day = say(bucket.start_ms, zone, { weekday: 'short', ...DATE })
  if (step === 'day') return day
  if (step === 'month') return say(bucket.start_ms, zone, MONTH)
  if (step === 'week') return `${day} to ${say(bucket.end_ms - 1, zone, { weekday: 'short', ...DATE })}`
  if (step === 'minute') return `${day}, ${say(bucket.start_ms, zone, CLOCK)}`
  return `${day}, ${say(bucket.start_ms, zone, CLOCK)}–${say(bucket.end_ms, zone, CLOCK)}`
}
