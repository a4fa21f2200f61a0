import { formatCount, formatDateTime, formatDuration, formatPercent, formatUsd, formatUsdExact } from '../../format.ts'
import type { Cell, Format } from './panel.ts'

const NONE = '–'

/** A value as people read it. */
export function say(value: Cell, format: Format, zone = 'UTC'): string {
  if (value === null || value === '') return NONE
  switch (format) {
    case 'usd':
      return formatUsd(String(value))
    case 'count':
      return formatCount(Number(value))
    case 'number':
      return Number(value).toLocaleString('en', { maximumSignificantDigits: 3 })
    case 'duration':
      return formatDuration(Number(value))
    case 'percent':
      return formatPercent(Number(value))
    case 'datetime':
      return formatDateTime(Number(value), zone)
    case 'text':
      return String(value)
  }
}

/** The whole value, for hover; undefined where what is said is exact already. */
export function sayExactly(value: Cell, format: Format): string | undefined {
  if (value === null) return undefined
  if (format === 'usd') return formatUsdExact(String(value))
  if (format === 'count') return Number(value).toLocaleString('en')
  if (format === 'duration') return `${Number(value).toLocaleString('en')} ms`
  return undefined
}

/** The unit of a column of an export. */
export function unitOf(format: Format): string {
  const units: Partial<Record<Format, string>> = { usd: 'USD', duration: 'ms', percent: 'share', datetime: 'UTC' }
  return units[format] ?? ''
}

export const isNumeric = (format: Format) => format !== 'text'

/** Orders cells; money by its amount, what is absent last. */
export function compareCells(a: Cell, b: Cell, format: Format): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1
  if (format === 'text') return String(a).localeCompare(String(b), 'en', { numeric: true })
  return Number(a) - Number(b)
}
