import type { Dimension, Kind, MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import { formatDate } from '../../../format.ts'
import { offsetMs } from '../../../zone.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../filters/range.ts'
import type { Ask } from '../ask.ts'
import type { Cell, PanelSpec, Scope } from '../panel.ts'
import { label, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const ROWS_MAX = 12
/** Longer ranges show the hours of the day: a column an hour would be too many. */
const HOURS_UP_TO_MS = 2 * DAY_MS
const FEW_MINUTES_MS = 5 * MINUTE_MS
export const FAILED = [{ dimension: 'status' as const, op: 'eq' as const, values: ['error', 'blocked'] }]

/** Operations with a step, and what names one that was sent without. */
export const STEPPED: { kind: Kind; named: Dimension | null }[] = [
  { kind: 'step', named: null },
  { kind: 'llm', named: 'model' },
  { kind: 'tool', named: 'tool_name' },
]

export const failureMap: PanelSpec = {
  id: 'operations.failures',
  title: 'Failures by step and hour',
  unit: 'failed steps, model and tool calls',
  definition:
    'Steps, model calls and tool calls with status error or blocked, by their step (else by their tool or model), where most failed first. Columns are whole hours of UTC (five minutes of ranges up to three hours), named by your zone: where that is half an hour beside UTC, they begin at half past. Ranges longer than two days show the hours of the day in your zone, each with the UTC hours that begin in it. A cell leads to the traces that began in the hour in which most of its failures were, and failed there.',
  span: 12,
  height: 324,
  async load(ask, scope) {
    const answers = await Promise.all(
      STEPPED.map(({ kind, named }) =>
        whole(
          ask,
          { kind, dimensions: named === null ? ['step'] : ['step', named], step: mapStep(scope) },
          scope.range,
        ),
      ),
    )
    const map = mapOf(answers.flat(), scope)
    return {
      type: 'heatmap',
      format: 'count',
      x: 'hour',
      y: 'Step',
      ...map,
      ...(map.rows.length === 0 && { empty: 'No step, model call or tool call failed in this range.' }),
    }
  },
}

const mapStep = ({ range }: Scope) => (range.step === 'minute' ? 'minute' : 'hour')

/** All failures of a range, in halves where one answer does not hold them. */
async function whole(
  ask: Ask,
  query: { kind: Kind; dimensions: Dimension[]; step: 'minute' | 'hour' },
  range: { from_ms: number; to_ms: number },
): Promise<MetricsRow[]> {
  const answer = await ask.between({ ...query, measures: ['count'], filters: FAILED, limit: 5000 }, range)
  const half = Math.floor((range.from_ms + range.to_ms) / 2 / HOUR_MS) * HOUR_MS
  if (!answer.meta.truncated || half <= range.from_ms) return answer.data
  const parts = [
    { from_ms: range.from_ms, to_ms: half },
    { from_ms: half, to_ms: range.to_ms },
  ]
  return (await Promise.all(parts.map((part) => whole(ask, query, part)))).flat()
}

interface Column {
  key: string
  label: string
  /** Its start; null for an hour of the day. */
  start_ms: number | null
}

/** Rows of failures as a map: how many by step and column, each cell with the traces of its worst hour. */
export function mapOf(rows: readonly MetricsRow[], scope: Scope) {
  const columns = columnsOf(scope)
  const wide = scope.range.step === 'minute' ? FEW_MINUTES_MS : HOUR_MS
  const steps = new Map<string, StepRow>()
  for (const row of rows) {
    const { name, filter } = stepOf(row)
    const id = JSON.stringify(filter)
    const time = Math.floor(Date.parse(String(row.time)) / wide) * wide
    const step = steps.get(id) ?? { name, filter, total: 0, cells: new Map() }
    const key = columnKey(time, scope)
    const cell = step.cells.get(key) ?? { count: 0, parts: new Map<number, number>() }
    const count = size(row, 'count')
    step.total += count
    cell.count += count
    cell.parts.set(time, (cell.parts.get(time) ?? 0) + count)
    step.cells.set(key, cell)
    steps.set(id, step)
  }
  const worst = [...steps].sort(([a, one], [b, other]) => other.total - one.total || a.localeCompare(b))
  return {
    columns: columns.map(({ key, label: text }) => ({ key, label: text })),
    rows: worst.slice(0, ROWS_MAX).map(([id, { name, filter, cells }]) => ({
      key: id,
      label: name,
      values: columns.map(({ key, start_ms }): Cell => {
        return start_ms !== null && start_ms > scope.nowMs ? null : (cells.get(key)?.count ?? 0)
      }),
      hrefs: columns.map(({ key }) => hrefOf(cells.get(key)?.parts, wide, scope, filter)),
    })),
  }
}

interface StepRow {
  name: string
  filter: Record<string, string>
  total: number
  cells: Map<string, { count: number; parts: Map<number, number> }>
}

/** What a failure is named by, and the filter of the traces in which that failed. */
function stepOf(row: MetricsRow): { name: string; filter: Record<string, string> } {
  for (const [dimension, filter] of Object.entries(NAMED_BY)) {
    const name = label(row, dimension, '')
    if (name !== '') return { name, filter: { [filter]: name } }
  }
  return { name: 'step not named', filter: { has: 'errors' } }
}

const NAMED_BY = { step: 'failure_step', tool_name: 'failure_tool', model: 'failure_model' }

function hrefOf(
  parts: ReadonlyMap<number, number> | undefined,
  wide: number,
  scope: Scope,
  filter: Record<string, string>,
): string | null {
  const [most] = [...(parts ?? [])].sort(([a, one], [b, other]) => other - one || b - a)
  return most === undefined ? null : tracesHref(scope, filter, { from_ms: most[0], to_ms: most[0] + wide })
}

const isByDay = ({ range }: Scope) => range.to_ms - range.from_ms > HOURS_UP_TO_MS

function columnKey(ms: number, scope: Scope): string {
  return isByDay(scope) ? String(hourOf(ms, scope.range.zone)) : String(ms)
}

function columnsOf(scope: Scope): Column[] {
  const { range } = scope
  if (isByDay(scope))
    return Array.from({ length: 24 }, (_, hour) => ({ key: String(hour), label: two(hour), start_ms: null }))
  const wide = range.step === 'minute' ? FEW_MINUTES_MS : HOUR_MS
  const columns: Column[] = []
  for (let ms = Math.floor(range.from_ms / wide) * wide; ms < range.to_ms; ms += wide)
    columns.push({ key: String(ms), label: timeLabel(ms, columns.length === 0, range.zone), start_ms: ms })
  return columns
}

const two = (n: number) => String(n).padStart(2, '0')

/** The wall clock; at the first column and at midnight with the day. */
function timeLabel(ms: number, isFirst: boolean, zone: string): string {
  const local = new Date(ms + offsetMs(ms, zone))
  const time = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}`
  const isDay = isFirst || (local.getUTCHours() === 0 && local.getUTCMinutes() === 0)
  return isDay ? `${formatDate(ms, zone).replace(/ \d{4}$/, '')} ${time}` : time
}

/** The hour of the viewer's day that a moment lies in, 0 to 23. */
export function hourOf(ms: number, zone: string): number {
  return new Date(ms + offsetMs(ms, zone)).getUTCHours()
}
