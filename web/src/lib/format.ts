/** How numbers and times are written, everywhere in the dashboard. */
const COMPACT_FROM = 10_000
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })
const cents = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' })

/** A decimal string of US dollars: `$1,234.56`; below a cent four significant digits; above $10 k compact. */
export function formatUsd(usd: string): string {
  const value = Number(usd)
  const size = Math.abs(value)
  if (size === 0) return '$0.00'
  if (size >= COMPACT_FROM) return `${value < 0 ? '-' : ''}$${compact.format(size).toLowerCase().replace('b', 'B').replace('m', 'M')}`
  if (size >= 0.01) return cents.format(value)
  return `${value < 0 ? '-' : ''}$${Number(size.toPrecision(4)).toFixed(Math.min(9, 3 - Math.floor(Math.log10(size)))).replace(/0+$/, '')}`
}

/** `950`, `9,500`, `12.4k`, `3.1M`. */
export function formatCount(n: number): string {
  return Math.abs(n) < COMPACT_FROM ? whole.format(n) : compact.format(n).replace('K', 'k')
}

/** `840 ms`, `3.2 s`, `4 m 12 s`, `2 h 5 m`. */
export function formatDuration(ms: number): string {
  if (ms < 1) return ms <= 0 ? '0 ms' : '< 1 ms'
  if (ms < 999.5) return `${Math.round(ms)} ms`
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${seconds % 60} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} m`
}

/** 0 to 1 → `99.3 %`; a rate that is not quite whole is never rounded to it. */
export function formatPercent(rate: number): string {
  const percent = rate * 100
  if (percent > 99.9 && percent < 100) return '> 99.9 %'
  if (percent > 0 && percent < 0.1) return '< 0.1 %'
  return `${percent.toFixed(percent === 0 || percent === 100 || percent >= 1000 ? 0 : 1)} %`
}

type Moment = number | string

const formats = new Map<string, Intl.DateTimeFormat>()

function inZone(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options)
  let format = formats.get(key)
  if (format === undefined) formats.set(key, (format = new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone })))
  return format
}

/** `23 Nov 2026, 12:00:03` in a zone; name the zone beside it. */
export function formatDateTime(at: Moment, zone: string): string {
  return inZone(zone, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))
}

/** `12:00:03` in a zone. */
export function formatTime(at: Moment, zone: string): string {
  return inZone(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(new Date(at))
}

const UNITS: [limit: number, unit: Intl.RelativeTimeFormatUnit, ms: number][] = [
  [60_000, 'second', 1000], [3_600_000, 'minute', 60_000], [86_400_000, 'hour', 3_600_000], [Infinity, 'day', 86_400_000],
]
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto', style: 'short' })

/** `5 min. ago`, against the given present. */
export function formatRelative(at: Moment, nowMs: number): string {
  const difference = new Date(at).getTime() - nowMs
  const [, unit, ms] = UNITS.find(([limit]) => Math.abs(difference) < limit) ?? ['', 'day', 86_400_000]
  return relative.format(Math.round(difference / ms), unit as Intl.RelativeTimeFormatUnit)
}
