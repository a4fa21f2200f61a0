import type { Dimension, Kind, MetricsQuery } from '../../contract/metrics.ts'
import { DAY_MS, HOUR_MS } from '../../domain/rollup-merge.ts'
import { columnOf, GROUP_DIMENSIONS, type RowColumn } from '../../domain/rollup-row.ts'
import type { OffsetSpan } from '../../domain/time-zone.ts'
import { TRACE_DAY_JOB, TRACE_SUMS, staleSql, tookSql } from './trace-sums.ts'

/** Rows of whole UTC days, kept beside the hours of a busy organization: kind 'llm' has its days in 'llm@day'. */
export const DAY_TIER = '@day'
export const ROLLUP_JOB = 'rollup'
export const DAY_JOB = 'rollup_day'

/** Bound values of a statement: `add` returns the placeholder. Nothing else ever enters SQL text. */
export class Values {
  readonly list: (string | number)[] = []

  add(value: string | number): string {
    return `?${this.list.push(value)}`
  }

  /** D1 binds numbers as doubles, with which a division would leave a fraction. */
  addInteger(value: number): string {
    return `CAST(${this.add(value)} AS INTEGER)`
  }

  addList(values: readonly string[]): string {
    return `(SELECT value FROM json_each(${this.add(JSON.stringify(values))}))`
  }
}

export interface Span {
  from_ms: number
  to_ms: number
}

/** Where a dimension lies. */
export interface Column {
  name: Dimension
  column: RowColumn
}

/** The columns of rows of a kind that hold these dimensions. */
export function columnsOf(kind: Kind, dimensions: readonly Dimension[]): Column[] {
  return dimensions.map((name) => ({ name, column: columnOf(kind, name) }))
}

/** What is read from rollups and the deltas that follow them, as rows that need only be added up. */
export interface RollupRead {
  org_id: string
  project_ids: readonly string[]
  /** Whose counts; null when only money is read. */
  kind: Kind | null
  money_kinds: readonly Kind[]
  /** Whole hours, ascending, that rollups answer. */
  hours: readonly Span[]
  /** The range to the minute, when it goes beyond the hours; what does is read from deltas that are merged already. */
  minutes?: Span | undefined
  /** What `at` holds: nothing, the start of the minute or hour, or the index of the local day. */
  time: 'none' | 'minute' | 'hour' | readonly OffsetSpan[]
  /** Whether rows of whole UTC days may stand for their hours. */
  days: boolean
  /** What rows are told apart by, under the names of the answer. */
  columns: readonly Column[]
  filters: readonly (Omit<MetricsQuery['filters'][number], 'dimension'> & { column: RowColumn })[]
  counts: readonly CountColumn[]
  money: readonly MoneyColumn[]
  histogram: boolean
}

/** Positions in CountTuple and MoneyTuple. */
const COUNT_AT = { n: 14, errors: 15, successes: 16, latency_sum_ms: 17, latency_n: 18 } as const
const MONEY_AT = {
  cost_nanousd: 12,
  paid: 13,
  unpriced: 14,
  tokens_prompt: 15,
  tokens_completion: 16,
  tokens_cached: 17,
  tokens_cache_write: 18,
  tokens_reasoning: 19,
} as const
const HISTOGRAM_AT = 19
const FIRST_DIMENSION_AT = 2
/** Money has no status and error. */
const MONEY_DIMENSIONS = 10
/** An event may lie this far ahead of the clock when it is applied; a commit's seq is its time. */
const AHEAD_MS = 660_000

export type CountColumn = keyof typeof COUNT_AT
export type MoneyColumn = keyof typeof MONEY_AT

/** `WITH … src AS (…)`, whose rows have `at`, the columns, the sums and `hist`. */
export function sourceSql(read: RollupRead, values: Values): string {
  const scope = new Scope(read, values)
  const terms = [scope.stored()]
  if (scope.ofTraces) terms.push(scope.traces(), ...(read.days ? [scope.restored()] : []))
  else {
    if (read.kind !== null) terms.push(scope.counted(read.kind))
    if (read.money_kinds.length > 0) terms.push(scope.paid())
  }
  return `${scope.head()}, src AS (${terms.join('\nUNION ALL\n')})\n`
}

/** To be closed. */
const NOT_STALE = 'NOT EXISTS (SELECT 1 FROM stale y WHERE y.project_id = r.project_id AND y.hour_ms >= r.hour_ms'

class Scope {
  private readonly read: RollupRead
  private readonly values: Values
  private readonly org: string
  private readonly projects: string
  private readonly hours: string
  /** Traces have their money themselves, and no rows in deltas. */
  readonly ofTraces: boolean

  constructor(read: RollupRead, values: Values) {
    this.read = read
    this.values = values
    this.org = values.add(read.org_id)
    this.projects = values.addList(read.project_ids)
    this.hours = values.add(JSON.stringify(read.hours.map((span) => [span.from_ms, span.to_ms])))
    this.ofTraces = read.kind === 'trace' || read.money_kinds.includes('trace')
  }

  head(): string {
    const until = `(SELECT seq FROM progress WHERE org_id = ${this.org} AND job = '${this.ofTraces ? TRACE_DAY_JOB : DAY_JOB}')`
    return `WITH merged(seq) AS (SELECT coalesce((SELECT seq FROM progress WHERE org_id = ${this.org} AND job = '${ROLLUP_JOB}'), 0)),
part(lo, hi) AS (SELECT value ->> 0, value ->> 1 FROM json_each(${this.hours})),
cut AS (SELECT lo, hi, min(hi, (lo + ${DAY_MS - 1}) / ${DAY_MS} * ${DAY_MS}) AS first FROM part),
seg(tier, lo, hi) AS (${this.read.days ? daySegments(until) : `SELECT '', lo, hi FROM part`})${this.ofTraces ? `, ${staleSql(this.org)}` : ''}`
  }

  /** Hours, and days where they stand for them. */
  stored(): string {
    const { kind, money_kinds, counts, money, histogram } = this.read
    const kinds = [...new Set([...(kind === null ? [] : [kind]), ...money_kinds])]
    // Of a kind that only lends its money nothing is counted, and the other way round.
    const counting = kind !== null && kinds.length > 1 ? this.values.add(kind) : null
    const own = (column: string, none: string) =>
      counting === null ? column : `iif(k.value = ${counting}, ${column}, ${none})`
    const columns = [
      this.at('r.hour_ms'),
      ...this.read.columns.map(({ name, column }) => `r.${column} AS ${name}`),
      ...counts.map((name) => `${own(`r.${name}`, '0')} AS ${name}`),
      ...money.map((name) => `r.${name} AS ${name}`),
      ...(histogram ? [`${own(`nullif(r.latency_hist, '{}')`, 'NULL')} AS hist`] : []),
    ]
    return `SELECT ${columns.join(', ')} FROM seg CROSS JOIN json_each(${this.values.add(JSON.stringify(kinds))}) k CROSS JOIN rollup r
ON r.org_id = ${this.org} AND r.kind = k.value || seg.tier AND r.hour_ms >= seg.lo AND r.hour_ms < seg.hi
WHERE r.project_id IN ${this.projects}${this.filters((column) => `r.${column}`)}${this.ofTraces ? ` AND ${NOT_STALE} AND y.hour_ms < r.hour_ms + iif(seg.tier = '', ${HOUR_MS}, ${DAY_MS}))` : ''}`
  }

  /** Of packed days with hours that wait to be made anew, the others. */
  restored(): string {
    const { columns, counts, money, histogram } = this.read
    const selected = [
      this.at('r.hour_ms'),
      ...columns.map(({ name, column }) => `r.${column} AS ${name}`),
      ...[...counts, ...money].map((name) => `r.${name} AS ${name}`),
      ...(histogram ? [`nullif(r.latency_hist, '{}') AS hist`] : []),
    ]
    return `SELECT ${selected.join(', ')} FROM (SELECT DISTINCT project_id, hour_ms / ${DAY_MS} * ${DAY_MS} AS day_ms FROM stale) z
CROSS JOIN seg ON seg.tier <> '' AND z.day_ms >= seg.lo AND z.day_ms < seg.hi
CROSS JOIN rollup r ON r.org_id = ${this.org} AND r.kind = 'trace' AND r.hour_ms >= z.day_ms AND r.hour_ms < z.day_ms + ${DAY_MS}
AND r.project_id = z.project_id WHERE r.project_id IN ${this.projects}${this.filters((column) => `r.${column}`)}
AND ${NOT_STALE} AND y.hour_ms = r.hour_ms)`
  }

  /** One row a trace, of the hours whose sums wait to be made anew; of histograms, one row a bucket. */
  traces(): string {
    const text = (column: RowColumn) =>
      column === 'workspace_id' ? 'y.workspace_id' : `t.${column === columnOf('trace', 'outcome') ? 'outcome' : column}`
    const columns = [
      this.at('y.hour_ms'),
      ...this.read.columns.map(({ name, column }) => `${text(column)} AS ${name}`),
      ...[...this.read.counts, ...this.read.money].map((name) => `${TRACE_SUMS[name]} AS ${name}`),
      ...(this.read.histogram ? [`${tookSql()} AS bucket`] : []),
    ]
    const keys = ['at', ...this.read.columns.map(({ name }) => name)].join(', ')
    const rows = `SELECT ${columns.join(', ')} FROM stale y CROSS JOIN trace t ON t.project_id = y.project_id
AND t.sort_ms >= y.hour_ms AND t.sort_ms < y.hour_ms + ${HOUR_MS} WHERE t.ended_ms > 0 AND y.project_id IN ${this.projects}
AND EXISTS (SELECT 1 FROM part WHERE y.hour_ms >= lo AND y.hour_ms < hi)${this.filters(text)}`
    if (!this.read.histogram) return rows
    return `SELECT ${keys}, json_object(bucket, count(*)) AS hist FROM (${rows} AND t.complete = 1) GROUP BY ${keys}, bucket`
  }

  counted(kind: Kind): string {
    const text = (column: RowColumn) => dimensionOf(column, 'c', GROUP_DIMENSIONS.length)
    const columns = [
      this.at('c.value ->> 1'),
      ...this.read.columns.map(({ name, column }) => `${text(column)} AS ${name}`),
      ...this.read.counts.map((name) => `c.value ->> ${COUNT_AT[name]} AS ${name}`),
      ...this.read.money.map((name) => `0 AS ${name}`),
      ...(this.read.histogram ? [`nullif(c.value -> ${HISTOGRAM_AT}, '{}') AS hist`] : []),
    ]
    return `SELECT ${columns.join(', ')} ${this.deltas('counts', 'c')} AND c.value ->> 0 = ${this.values.add(kind)}${this.filters(text)}`
  }

  paid(): string {
    const { money_kinds, money, counts, histogram } = this.read
    const text = (column: RowColumn) => dimensionOf(column, 'm', MONEY_DIMENSIONS)
    const columns = [
      this.at('m.value ->> 1'),
      ...this.read.columns.map(({ name, column }) => `${text(column)} AS ${name}`),
      ...counts.map((name) => `0 AS ${name}`),
      ...money.map((name) => `m.value ->> ${MONEY_AT[name]} AS ${name}`),
      ...(histogram ? ['NULL AS hist'] : []),
    ]
    // Leaks are money that is counted under another kind already.
    const whose = money_kinds.includes('total')
      ? ` AND m.value ->> 0 <> 'leak'`
      : money_kinds.includes('user')
        ? ` AND m.value ->> 11 <> ''`
        : ` AND m.value ->> 0 IN ${this.values.addList(money_kinds)}`
    return `SELECT ${columns.join(', ')} ${this.deltas('money', 'm')}${whose}${this.filters(text)}`
  }

  /** Deltas that are not merged, and for minutes beyond the hours those that may hold them. */
  private deltas(column: 'counts' | 'money', alias: string): string {
    const { hours, minutes } = this.read
    const from = minutes?.from_ms ?? hours[0]?.from_ms ?? 0
    const to = minutes?.to_ms ?? hours.at(-1)?.to_ms ?? 0
    const minute = `${alias}.value ->> 1`
    const low =
      minutes === undefined ? 'merged.seq' : `min(merged.seq, ${this.values.add(edgeStart(minutes, hours) - AHEAD_MS)})`
    const within =
      minutes === undefined && hours.length !== 1
        ? `EXISTS (SELECT 1 FROM part WHERE ${minute} >= lo AND ${minute} < hi)`
        : this.between(minute, from, to)
    const unread =
      minutes === undefined
        ? ''
        : ` AND (d.seq > merged.seq OR NOT EXISTS (SELECT 1 FROM part WHERE ${minute} >= lo AND ${minute} < hi))`
    return `FROM merged CROSS JOIN delta d CROSS JOIN jsonb_each(jsonb(d.${column})) ${alias}
WHERE d.org_id = ${this.org} AND d.seq > ${low} AND d.max_ms >= ${this.values.add(from)} AND d.min_ms < ${this.values.add(to)}
AND d.project_id IN ${this.projects} AND ${within}${unread}`
  }

  private between(minute: string, from: number, to: number): string {
    return `${minute} >= ${this.values.add(from)} AND ${minute} < ${this.values.add(to)}`
  }

  private filters(text: (column: RowColumn) => string): string {
    return this.read.filters
      .map(
        ({ column, op, values }) =>
          ` AND ${text(column)} ${op === 'eq' ? 'IN' : 'NOT IN'} ${this.values.addList(values)}`,
      )
      .join('')
  }

  /** Days are cut from hours, also in deltas, so that merging them changes no answer. */
  private at(ms: string): string {
    const { time } = this.read
    if (time === 'none') return '0 AS at'
    if (time === 'minute') return `${ms} AS at`
    const hour = `(${ms}) / ${HOUR_MS} * ${HOUR_MS}`
    return time === 'hour' ? `${hour} AS at` : `(${hour} + ${offsetSql(time, hour, this.values)}) / ${DAY_MS} AS at`
  }
}

/** The local time's offset at `ms`, as SQL. */
export function offsetSql(spans: readonly OffsetSpan[], ms: string, values: Values): string {
  const base = values.addInteger(spans[0]?.offset_ms ?? 0)
  if (spans.length < 2) return base
  const cases = spans
    .slice(1)
    .toReversed()
    .map((span) => `WHEN ${ms} >= ${values.add(span.from_ms)} THEN ${values.addInteger(span.offset_ms)}`)
  return `CASE ${cases.join(' ')} ELSE ${base} END`
}

/** Hours to the first day, days as far as they are packed, hours after them. */
function daySegments(until: string): string {
  const last = `max(first, min(hi / ${DAY_MS} * ${DAY_MS}, coalesce(${until}, 0)))`
  return `SELECT '', lo, first FROM cut UNION ALL SELECT '${DAY_TIER}', first, ${last} FROM cut UNION ALL SELECT '', ${last}, hi FROM cut`
}

function edgeStart(minutes: Span, hours: readonly Span[]): number {
  const first = hours[0]
  if (first === undefined || minutes.from_ms < first.from_ms) return minutes.from_ms
  return hours.at(-1)?.to_ms ?? minutes.from_ms
}

function dimensionOf(column: RowColumn, alias: string, known: number): string {
  if (column === 'project_id' || column === 'workspace_id') return `d.${column}`
  const at = GROUP_DIMENSIONS.indexOf(column)
  return at < known ? `${alias}.value ->> ${FIRST_DIMENSION_AT + at}` : `''`
}
