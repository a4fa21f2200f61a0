import { graphTable } from './graph-layout.ts'
import type { Cell, Format, Scope, Shaped } from './panel.ts'
import { unitOf } from './say.ts'

const BREAKS = /[",\r\n]/
/** A spreadsheet would run what begins so as a formula (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/

/** A panel's data as CSV (RFC 4180): one row a value of its first column, units in the head, times in UTC. */
export function csvOf(data: Shaped, { range }: Pick<Scope, 'range'>): string {
  const [head, ...rows] = tableOf(data, range.buckets)
  return [head ?? [], ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n'
}

function tableOf(data: Shaped, buckets: readonly number[]): Cell[][] {
  switch (data.type) {
    case 'figures':
      return [
        ['measure', 'value', 'before', 'unit'],
        ...data.figures.map(({ label, value, before, format }) => [
          label,
          plain(value, format),
          plain(before ?? null, format),
          unitOf(format),
        ]),
      ]
    case 'series':
      return [
        ['time', ...data.series.flatMap(({ label, before }) => [label, ...(before ? [`${label}, before`] : [])])],
        ...(data.cut?.buckets ?? buckets).map((start, at) => [
          new Date(start).toISOString(),
          ...data.series.flatMap(({ values, before }) => [values[at] ?? null, ...(before ? [before[at] ?? null] : [])]),
        ]),
      ]
    case 'table':
      return [
        data.columns.map(({ label, format }) => (unitOf(format) ? `${label} (${unitOf(format)})` : label)),
        ...data.rows.map(({ cells }) => data.columns.map(({ key, format }) => plain(cells[key] ?? null, format))),
      ]
    case 'heatmap':
      return [
        [data.y, ...data.columns.map(({ label }) => label)],
        ...data.rows.map((row) => [row.label, ...row.values]),
      ]
    case 'histogram':
      return [
        ['group', 'from', 'to', 'count'],
        ...data.groups.flatMap(({ label, bins }) => bins.map(({ from, to, count }) => [label, from, to, count])),
      ]
    case 'graph':
      return tableOf(graphTable(data), buckets)
    case 'scatter':
      return [
        ['name', data.x.label, data.y.label, data.size?.label ?? ''],
        ...data.points.map(({ label, x, y, size }) => [label, x, y, size ?? null]),
      ]
  }
}

function plain(value: Cell, format: Format): Cell {
  return format === 'datetime' && value !== null ? new Date(Number(value)).toISOString() : value
}

function field(value: Cell): string {
  if (typeof value === 'number' || value === null) return String(value ?? '')
  const safe = FORMULA.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value
  return BREAKS.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
