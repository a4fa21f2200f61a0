import type { FleetEvent } from '../../examples/fleet/native.ts'
import type { Cell, Scope, Shaped } from '../../web/src/lib/features/views/panel.ts'
import type { Made } from './view-made.ts'
import { isIn } from './view-reference.ts'

export interface Expected {
  /** What of a panel is compared. */
  shown: (panel: Shaped) => unknown
  /** The same, from the events that were sent. The panel says only how it cut what it counts. */
  computed: (events: readonly FleetEvent[], scope: Scope, more: { panel: Shaped; made: Made }) => unknown
}

/** Rows of a table by key, in no order. */
export function rowsOf(panel: Shaped, columns: readonly string[]): Record<string, Cell[]> {
  if (panel.type !== 'table') throw new Error(`a ${panel.type} is no table`)
  return Object.fromEntries(panel.rows.map(({ key, cells }) => [key, columns.map((name) => cells[name] ?? null)]))
}

export function figuresOf(panel: Shaped): Record<string, Cell> {
  if (panel.type !== 'figures') throw new Error(`a ${panel.type} is no row of figures`)
  return Object.fromEntries(panel.figures.map(({ key, value }) => [key, value]))
}

/** Series by key. */
export function allSeriesOf(panel: Shaped): Record<string, Cell[]> {
  if (panel.type !== 'series') throw new Error(`a ${panel.type} is no series`)
  return Object.fromEntries(panel.series.map(({ key, values }): [string, Cell[]] => [key, values]))
}

/** Series by key; those that are nothing throughout may be left out. */
export const seriesOf = (panel: Shaped) => some(allSeriesOf(panel))

/** Cells of a map that hold something, by row and column. */
export function cellsOf(panel: Shaped): Record<string, Record<string, Cell>> {
  if (panel.type !== 'heatmap') throw new Error(`a ${panel.type} is no map`)
  const { columns, rows } = panel
  return Object.fromEntries(
    rows.map(({ label, values }) => [
      label,
      Object.fromEntries(columns.map((column, at) => [column.key, values[at] ?? null] as const).filter(([, n]) => n)),
    ]),
  )
}

export const some = (series: Record<string, Cell[]>) =>
  Object.fromEntries(Object.entries(series).filter(([, values]) => values.some(Number)))

/** A number for each bucket of the range. */
export function byBucket<T>({ range: { buckets, to_ms } }: Scope, count: (from: number, to: number) => T): T[] {
  return buckets.map((from, at) => count(from, buckets[at + 1] ?? to_ms))
}

/** The start of the bucket that a moment lies in. */
export const bucketOf = ({ range }: Scope, ms: number) => range.buckets.findLast((start) => start <= ms) ?? 0

export const rangeOf = (events: readonly FleetEvent[], { range }: Scope) => isIn(events, range.from_ms, range.to_ms)

/** Equals a number that differs from this one by at most a part of it. */
export function near(value: number | null, part = 1e-9) {
  if (value === null) return null
  return {
    asymmetricMatch: (other: unknown) => typeof other === 'number' && Math.abs(other - value) <= part * Math.abs(value),
    toString: () => `${value} ± ${part * 100} %`,
  }
}

/** Percentiles come from buckets whose middle is within 2 % of all that they hold. */
export function percentile(values: readonly number[], q: number) {
  const sorted = values.toSorted((a, b) => a - b)
  return near(sorted[Math.floor(q * (sorted.length - 1))] ?? null, 0.02 + 1e-6)
}

export const part = (count: number, whole: number) => (whole === 0 ? null : count / whole)
