import { nanoOf } from './money.ts'

const NANO = 1_000_000_000n
const CENT = 10_000_000n
const COMPACT_FROM = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
/** Between a number and its unit, so that a line never ends between them. */
const GAP = '\u00a0'
const UNITS = ['', 'k', 'M', 'B', 'T'] as const
/** Made once: `toLocaleString` makes one for each number, of which a page has thousands. */
const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const HUNDREDTHS = new Intl.NumberFormat('en', { maximumFractionDigits: 2 })

/** A decimal string of dollars: `$1,234.56`, below a cent four significant digits, from 10 k compact. */
export function formatUsd(usd: string): string {
  const nano = nanoOf(usd)
  const size = nano < 0n ? -nano : nano
  const sign = nano < 0n ? '−' : ''
  if (size === 0n) return '$0.00'
  if (size < CENT) return `${sign}$${smallUsd(size)}`
  if (size >= BigInt(COMPACT_FROM) * NANO) return `${sign}$${compact(Number(size / NANO))}`
  const cents = (size + CENT / 2n) / CENT
  return `${sign}$${WHOLE.format(cents / 100n)}.${(cents % 100n).toString().padStart(2, '0')}`
}

/** The whole amount, as it is copied and shown on hover: `$1,234.567890123`. */
export function formatUsdExact(usd: string): string {
  const nano = nanoOf(usd)
  const size = nano < 0n ? -nano : nano
  const fraction = (size % NANO)
    .toString()
    .padStart(9, '0')
    .replace(/0{1,7}$/, '')
  return `${nano < 0n ? '−' : ''}$${WHOLE.format(size / NANO)}.${fraction}`
}

/** A number of things: `1,234`, from 10 k compact (`12.4k`). Tokens too. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–'
  if (Math.abs(count) >= COMPACT_FROM) return (count < 0 ? '−' : '') + compact(Math.abs(count))
  return HUNDREDTHS.format(count).replace('-', '−')
}

/** A span of time: `840 ms`, `3.2 s`, `4 m 12 s`, `2 h 5 m`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  if (ms < 0) return `−${formatDuration(-ms)}`
  if (ms === 0) return `0${GAP}ms`
  if (ms < 10) return `${Number(ms.toFixed(1))}${GAP}ms`
  if (ms < 999.5) return `${Math.round(ms)}${GAP}ms`
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}${GAP}s`
  if (ms < 59_500) return `${Math.round(ms / 1000)}${GAP}s`
  const seconds = Math.round(ms / 1000)
  if (seconds < 3600) return two(Math.floor(seconds / 60), 'm', seconds % 60, 's')
  const minutes = Math.round(ms / MINUTE_MS)
  if (minutes < 1440) return two(Math.floor(minutes / 60), 'h', minutes % 60, 'm')
  const hours = Math.round(ms / HOUR_MS)
  return two(Math.floor(hours / 24), 'd', hours % 24, 'h')
}

/** A share from 0 to 1 as `12.3 %`. What is nearly all or nearly nothing is not rounded to it. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return '–'
  const percent = share * 100
  if (percent > 0 && percent < 0.1) return `<${GAP}0.1${GAP}%`
  if (percent > 99.9 && percent < 100) return `${(Math.floor(percent * 100) / 100).toFixed(2)}${GAP}%`
  const text = Math.abs(percent) >= 1000 ? WHOLE.format(percent) : String(Number(percent.toFixed(1)))
  return `${text}${GAP}%`.replace('-', '−')
}

/** The wall clock in the viewer's zone: `14:03:21`. */
export function formatTime(ms: number, zone: string): string {
  return formatIn(zone, { hour: '2-digit', minute: '2-digit', second: '2-digit' }, ms)
}

/** A day in the viewer's zone: `12 Nov 2026`. */
export function formatDate(ms: number, zone: string): string {
  return formatIn(zone, { day: 'numeric', month: 'short', year: 'numeric' }, ms)
}

/** A moment in the viewer's zone, with the zone named: `12 Nov 2026, 14:03:21 GMT+1`. */
export function formatDateTime(ms: number, zone: string): string {
  return formatIn(
    zone,
    {
      day: 'numeric',
      month: 'short',
      year: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      timeZoneName: 'short',
    },
    ms,
  )
}

/** How long ago: `just now`, `12 s ago`, `3 h ago`; from a day on, the moment itself. Ahead: `in 5 min`. */
export function formatRelative(ms: number, nowMs: number, zone: string): string {
  const away = Math.abs(nowMs - ms)
  if (away < 5000) return 'just now'
  if (away >= DAY_MS) return formatIn(zone, moment(ms, nowMs, zone), ms)
  const text =
    away < MINUTE_MS
      ? `${Math.floor(away / 1000)}${GAP}s`
      : away < HOUR_MS
        ? `${Math.floor(away / MINUTE_MS)}${GAP}min`
        : `${Math.floor(away / HOUR_MS)}${GAP}h`
  return ms > nowMs ? `in ${text}` : `${text} ago`
}

function moment(ms: number, nowMs: number, zone: string): Intl.DateTimeFormatOptions {
  const year = { year: 'numeric' } as const
  const same = formatIn(zone, year, ms) === formatIn(zone, year, nowMs)
  return { day: 'numeric', month: 'short', ...(same ? { hour: '2-digit', minute: '2-digit' } : year) }
}

function smallUsd(nano: bigint): string {
  const rounded = Number(nano) / 1e9
  const places = Math.min(9, 3 - Math.floor(Math.log10(rounded)))
  return rounded
    .toFixed(places)
    .replace(/0+$/, '')
    .replace(/^(0\.\d)$/, '$10')
}

/** Three significant digits and a unit. */
function compact(value: number): string {
  let unit = Math.min(4, Math.floor(Math.log10(value) / 3))
  let scaled = value / 1000 ** unit
  if (scaled >= 999.5 && unit < 4) {
    unit++
    scaled = value / 1000 ** unit
  }
  const text = scaled >= 999.5 ? Math.round(scaled).toLocaleString('en') : String(Number(scaled.toPrecision(3)))
  return text + UNITS[unit]
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large}${GAP}${largeUnit}` : `${large}${GAP}${largeUnit}${GAP}${small}${GAP}${smallUnit}`
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatIn(zone: string, options: Intl.DateTimeFormatOptions, ms: number): string {
  if (!Number.isFinite(ms)) return '–'
  const key = `${zone} ${Object.entries(options).join()}`
  const format = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone: zone, hourCycle: 'h23', ...options })
  formats.set(key, format)
  return format.format(ms)
}
