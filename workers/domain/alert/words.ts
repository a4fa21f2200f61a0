import type { Measure } from '../../contract/metrics.ts'

const MINUTES_OF_DAY = 1440

/** A value of a measure with its unit, as messages and pages say it. */
export function valueWords(measure: Measure, value: number): string {
  if (measure.endsWith('_usd')) return `$${money(value)}`
  if (measure.endsWith('_rate')) return `${digits(value * 100, 1)} %`
  if (measure.endsWith('_ms')) return value >= 10_000 ? `${digits(value / 1000, 1)} s` : `${digits(value, 0)} ms`
  const unit = measure.startsWith('tokens_') ? ' tokens' : NOUNS[measure]
  return `${digits(value, value < 10 ? 1 : 0)}${unit ?? ''}`
}

const NOUNS: Partial<Record<Measure, string>> = {
  errors: ' errors',
  successes: ' successes',
  unpriced: ' unpriced calls',
  unique_users: ' users',
  unique_agents: ' agents',
}

/** `10 minutes`, `hour`, `2 days`: to be said after “the last”. */
export function windowWords(minutes: number): string {
  if (minutes % MINUTES_OF_DAY === 0) return counted(minutes / MINUTES_OF_DAY, 'day')
  if (minutes % 60 === 0) return counted(minutes / 60, 'hour')
  return counted(minutes, 'minute')
}

/** `34 % more`, `3.2 times`. */
export function changeWords(value: number, usual: number): string {
  const ratio = value / usual
  if (ratio >= 3) return `${digits(ratio, 1)} times as much`
  const percent = digits(Math.abs(ratio - 1) * 100, 0)
  return ratio >= 1 ? `${percent} % more` : `${percent} % less`
}

const counted = (n: number, unit: string) => (n === 1 ? unit : `${n} ${unit}s`)

function money(value: number): string {
  return value !== 0 && Math.abs(value) < 0.01 ? String(Number(value.toPrecision(4))) : digits(value, 2, 2)
}

function digits(value: number, most: number, least = 0): string {
  return value.toLocaleString('en', { maximumFractionDigits: most, minimumFractionDigits: least })
}
