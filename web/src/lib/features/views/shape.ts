import type { MetricsAnswer, MetricsRow } from '../../../../../workers/contract/metrics.ts'
import { addUsd, nanoOf, usdOf } from '../../money.ts'
import type { Cell, Scope, Series } from './panel.ts'

const SERIES_MAX = 8

/** What a panel over time says where only hours are known. */
export const HOURLY = 'Whole traces are summed by the hour: choose a range of a day or more.'

/** A measure of a row: a number, an exact decimal string for money, or null when it is absent. */
export function cell(row: MetricsRow | undefined, measure: string): Cell {
  const value = row?.[measure] ?? null
  if (value === null || value === '' || typeof value === 'object') return null
  if (measure.endsWith('_usd')) return String(value)
  const number = Number(value)
  return Number.isFinite(number) ? number : null
}

/** A measure as a number; absent is zero. For sizes and orders, never for money that is shown. */
export function size(row: MetricsRow | undefined, measure: string): number {
  return Number(cell(row, measure) ?? 0)
}

/** What a dimension says; an empty one is named by `nameless`. */
export function label(row: MetricsRow, dimension: string, nameless = 'not named'): string {
  return String(row[dimension] ?? '') || nameless
}

/** A part of a whole, from 0 to 1; null of nothing. */
export function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}

/** An amount divided by a number of things, in nano-dollars and rounded half up; null for none. */
export function usdEach(usd: string, count: number): string | null {
  if (count <= 0 || !Number.isSafeInteger(count)) return null
  const nano = nanoOf(usd)
  return usdOf((nano * 2n + BigInt(count)) / (BigInt(count) * 2n))
}

/** The notes that an answer itself asks for. */
export function noteOf(...answers: readonly (MetricsAnswer | null)[]): string | undefined {
  const sampled = answers.some((one) => one?.meta.sampled)
  const approximate = answers.some((one) => one?.meta.approximate)
  return sampled ? 'from a sample' : approximate ? 'percentiles within 2 %' : undefined
}

/** A measure over the range's buckets. Counts and money that are absent are zero, anything else is a gap. */
export function overTime(
  answer: MetricsAnswer | null,
  buckets: readonly number[],
  measure: string,
  keep: (row: MetricsRow) => boolean = () => true,
): Cell[] {
  const at = new Map((answer?.data ?? []).filter(keep).map((row) => [Date.parse(String(row.time)), row]))
  const none = measure.endsWith('_usd') ? '0.000000000' : isSum(measure) ? 0 : null
  return buckets.map((start) => cell(at.get(start), measure) ?? none)
}

/** One series for each value of a dimension, the greatest first; what is past eight is one series more. */
export function seriesBy(
  answer: MetricsAnswer,
  scope: Scope,
  dimension: string,
  measure: string,
  kind: Series['kind'],
  nameless?: string,
): Series[] {
  const totals = new Map<string, number>()
  for (const row of answer.data) {
    const key = String(row[dimension] ?? '')
    totals.set(key, (totals.get(key) ?? 0) + size(row, measure))
  }
  const keys = [...totals].sort(([, a], [, b]) => b - a).map(([key]) => key)
  const kept = keys.length > SERIES_MAX ? keys.slice(0, SERIES_MAX - 1) : keys
  const series = kept.map((key): Series => ({
    key,
    label: key || (nameless ?? 'not named'),
    kind,
    values: overTime(answer, scope.range.buckets, measure, (row) => String(row[dimension] ?? '') === key),
  }))
  const rest = keys.slice(kept.length)
  if (rest.length === 0 || !isSum(measure)) return series
  const others = rest.map((key) => overTime(answer, scope.range.buckets, measure, (row) => row[dimension] === key))
  return [
    ...series,
    {
      key: 'others',
      label: `${rest.length} others`,
      kind,
      color: 'var(--color-muted)',
      values: scope.range.buckets.map((_, at) =>
        sum(
          others.map((values) => values[at] ?? null),
          measure,
        ),
      ),
    },
  ]
}

/** Rows with the same key added up: what a second answer says of them joins by the same key. */
export function byKey(answer: MetricsAnswer | null, dimension: string): Map<string, MetricsRow> {
  return new Map((answer?.data ?? []).map((row) => [String(row[dimension] ?? ''), row]))
}

function sum(cells: readonly Cell[], measure: string): Cell {
  if (measure.endsWith('_usd')) return addUsd(cells.map((value) => String(value ?? '0')))
  return cells.reduce<number>((total, value) => total + Number(value ?? 0), 0)
}

function isSum(measure: string): boolean {
  return !/_rate$|_avg|_p\d\d/.test(measure)
}
