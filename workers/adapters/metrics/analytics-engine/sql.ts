import { COUNT_SUMS, MONEY_SUMS, quantileOf } from '../../../domain/metrics-answer.ts'
import { MONEY_KINDS, type MetricsPlan } from '../../../domain/metrics-plan.ts'
import { columnOf } from '../../../domain/rollup-row.ts'
import type { OffsetSpan } from '../../../domain/time-zone.ts'
import { blob, double, latencyKind, type Double } from './columns.ts'

/** More groups than this are cut off, those with the least left out. */
export const GROUPS_MAX = 50_000
/** An event may lie this far ahead of the clock when it is written, and its minute begins before it. */
const AHEAD_MS = 660_000
const HOUR = '3600000.0'
const DAY = '86400000.0'

/** Whose points are read, and where they lie. */
export interface Scope {
  dataset: string
  org_id: string
  project_ids: readonly string[]
}

/** One statement, and which part of the answer its rows are. */
export interface Statement {
  part: 'counts' | 'money' | 'percentiles' | 'unique_agents'
  sql: string
}

/** Names that the statements give their columns; a dimension is `dim1` to `dim3`, so that none is a word of SQL. */
export const TIME = 'time_bucket'
export const WITHIN = 'latency_within'
export const dimensionAlias = (i: number) => `dim${i + 1}`

/**
 * A plan that needs no users, whom points do not name, as statements of Analytics Engine's SQL: one SELECT over one table each, no JOIN, UNION, WITH or CASE, and
 * ORDER BY by the SELECT's own names. Sums are weighted by `_sample_interval`. Both branches of `if` are doubles,
 * or it is refused; countIf and sumIf are refused for that reason.
 */
export function statementsOf(plan: MetricsPlan, scope: Scope): Statement[] {
  const statements: Statement[] = []
  if (plan.counts || (plan.money_kinds.length === 0 && !plan.histogram)) statements.push(counts(plan, scope))
  if (plan.money_kinds.length > 0) statements.push(money(plan, scope))
  if (plan.histogram) statements.push(percentiles(plan, scope))
  if (plan.measures.includes('unique_agents')) statements.push(uniqueAgents(plan, scope))
  return statements
}

function counts(plan: MetricsPlan, scope: Scope): Statement {
  const where = [oneOf(blob('kind'), [plan.kind]), `${double('n')} > 0`]
  return { part: 'counts', sql: select(plan, scope, where, COUNT_SUMS.map(weightedSum), 'n') }
}

function money(plan: MetricsPlan, scope: Scope): Statement {
  const { money_kinds } = plan
  // Totals are paid under the kinds of what was done.
  const kinds = money_kinds.includes('total') ? MONEY_KINDS : money_kinds
  const where = [oneOf(blob('kind'), kinds), `${double('paid')} > 0`]
  const sums = (['cost_nanousd', ...MONEY_SUMS] as const).map(weightedSum)
  return { part: 'money', sql: select(plan, scope, where, sums, 'cost_nanousd') }
}

function percentiles(plan: MetricsPlan, scope: Scope): Statement {
  const where = [oneOf(blob('kind'), [plan.kind, latencyKind(plan.kind)]), `${double('latency_weight')} > 0`]
  const columns = plan.measures.flatMap((measure) => {
    const q = quantileOf(measure)
    if (q === undefined) return []
    // A weight is an unsigned integer, or it is refused.
    const weight = `toUInt32(${double('latency_weight')} * _sample_interval)`
    return `quantileExactWeighted(${q})(${double('latency_ms')}, ${weight}) AS ${measure}`
  })
  if (plan.within_ms !== null) columns.push(within(plan.within_ms))
  return {
    part: 'percentiles',
    sql: select(plan, scope, where, [...columns, weightedSum('latency_weight')], 'latency_weight'),
  }
}

/** Weights of the latencies up to a limit; points carry latencies as histograms do, so that both back ends agree. */
function within(limitMs: number): string {
  const isWithin = `if(${double('latency_ms')} <= ${limitMs}, 1.0, 0.0)`
  return `sum(${isWithin} * ${double('latency_weight')} * _sample_interval) AS ${WITHIN}`
}

function uniqueAgents(plan: MetricsPlan, scope: Scope): Statement {
  const agent = blob('agent_id')
  const where = [oneOf(blob('kind'), ['request']), `${double('n')} > 0`, noneOf(agent, [''])]
  return { part: 'unique_agents', sql: select(plan, scope, where, [`count(DISTINCT ${agent}) AS found`], 'found') }
}

const weightedSum = (name: Double) => `sum(${double(name)} * _sample_interval) AS ${name}`

function select(plan: MetricsPlan, scope: Scope, where: string[], columns: string[], most: string): string {
  const keys = [
    ...(plan.step === 'total' ? [] : [`${timeOf(plan)} AS ${TIME}`]),
    ...plan.dimensions.map((name, i) => `${blob(columnOf(plan.kind, name))} AS ${dimensionAlias(i)}`),
  ]
  const names = keys.map((key) => key.slice(key.lastIndexOf(' ') + 1))
  // What is read tells whether it was sampled: on the way in by us or by the platform, or on the way out.
  const sampling = [`max(_sample_interval) AS sample_interval`, `max(${double('stands_for')}) AS stands_for`]
  return [
    `SELECT ${[...keys, ...columns, ...sampling].join(', ')}`,
    `FROM ${scope.dataset}`,
    `WHERE ${[...scopeOf(plan, scope), ...where, ...plan.filters.map((filter) => filterOf(plan, filter))].join(' AND ')}`,
    ...(names.length > 0 ? [`GROUP BY ${names.join(', ')}`] : []),
    `ORDER BY ${most} DESC`,
    `LIMIT ${GROUPS_MAX + 1}`,
    'FORMAT JSON',
  ].join('\n')
}

/**
 * Tenant, projects and time. Points are told apart by the event's own minute. `timestamp` is when a point was
 * written: not before its event, which bounds the scan from below; an import may be written any time later, so from
 * above nothing does.
 */
function scopeOf(plan: MetricsPlan, scope: Scope): string[] {
  const minute = double('minute_ms')
  return [
    oneOf('index1', [scope.org_id]),
    oneOf(blob('project_id'), scope.project_ids),
    `timestamp >= toDateTime(${Math.floor((plan.from_ms - AHEAD_MS) / 1000)})`,
    `${minute} >= ${plan.from_ms}`,
    `${minute} < ${plan.to_ms}`,
  ]
}

/** Days are cut from hours, as everywhere (docs/decisions/0003-rollups-are-merged-later.md). */
function timeOf(plan: MetricsPlan): string {
  const minute = double('minute_ms')
  if (plan.step === 'minute') return minute
  const hour = `floor(${minute} / ${HOUR}) * ${HOUR}`
  return plan.step === 'hour' ? hour : `floor((${hour} + ${offsetOf(plan.offsets, hour)}) / ${DAY})`
}

function offsetOf([first, ...later]: readonly OffsetSpan[], hour: string): string {
  return later.reduce(
    (before, span) => `if(${hour} >= ${span.from_ms}, ${float(span.offset_ms)}, ${before})`,
    float(first?.offset_ms ?? 0),
  )
}

const float = (whole: number) => `${whole}.0`

function filterOf({ kind }: MetricsPlan, { dimension, op, values }: MetricsPlan['filters'][number]): string {
  return (op === 'eq' ? oneOf : noneOf)(blob(columnOf(kind, dimension)), values)
}

/** Text that reads the same to every SQL. */
const PLAIN = /^[\w .:/@+=,-]*$/

/**
 * The API binds no parameters and does not document how a quote is escaped, so a value that holds anything but
 * plain characters enters the SQL as the digits of its bytes, and is compared with those of the column.
 */
function oneOf(column: string, values: readonly string[]): string {
  const [first, ...more] = membership(column, values, 'IN')
  if (first === undefined) return '1 = 0'
  return more.length === 0 ? first : `(${[first, ...more].join(' OR ')})`
}

function noneOf(column: string, values: readonly string[]): string {
  return membership(column, values, 'NOT IN').join(' AND ')
}

function membership(column: string, values: readonly string[], operator: 'IN' | 'NOT IN'): string[] {
  const unique = [...new Set(values)]
  const plain = unique.filter((value) => PLAIN.test(value))
  const other = unique.filter((value) => !PLAIN.test(value)).map(hex)
  return [
    ...(plain.length > 0 ? [`${column} ${operator} (${plain.map((text) => `'${text}'`).join(', ')})`] : []),
    ...(other.length > 0 ? [`hex(${column}) ${operator} (${other.map((text) => `'${text}'`).join(', ')})`] : []),
  ]
}

const hex = (text: string) =>
  Array.from(new TextEncoder().encode(text), (byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join('')
