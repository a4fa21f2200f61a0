import { expect } from 'vitest'
import { MetricsAnswer, MetricsQuery, type Measure, type MetricsRow } from '../../workers/contract/metrics.ts'
import { ALPHA } from '../../workers/domain/histogram.ts'
import { localDate, referenceAnswer, type Placed, type RankOf } from './metrics-reference.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const PERCENTILES: Measure[] = ['latency_p50_ms', 'latency_p90_ms', 'latency_p99_ms']
const COUNTS: Measure[] = [
  'count',
  'errors',
  'successes',
  'success_rate',
  'error_rate',
  'latency_avg_ms',
  'latency_count',
]
const MONEY: Measure[] = [
  'cost_usd',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_total',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'cache_hit_rate',
  'cost_avg_usd',
  'cost_per_success_usd',
]

const text = (ms: number) => new Date(ms).toISOString()

/** Queries that every MetricsStore answers alike, over the five days before `nowMs`. */
export function contractQueries(nowMs: number): { name: string; query: MetricsQuery }[] {
  const hour = nowMs - (nowMs % HOUR_MS)
  const week = { from: text(hour - 5 * DAY_MS), to: text(hour + HOUR_MS) }
  const raw: Record<string, Partial<MetricsQuery> & Pick<MetricsQuery, 'measures'>> = {
    'everything in total': { ...week, measures: [...COUNTS, ...MONEY, ...PERCENTILES] },
    'requests by workflow, with all their money': {
      ...week,
      measures: [...COUNTS, ...MONEY, 'latency_p90_ms'],
      dimensions: ['workflow_id', 'workflow_version'],
    },
    'calls by provider and model': {
      ...week,
      kind: 'llm',
      measures: [...COUNTS, ...MONEY, ...PERCENTILES],
      dimensions: ['provider', 'model'],
      order: { by: 'cost_usd', direction: 'desc' },
    },
    'tools by name and environment': {
      ...week,
      kind: 'tool',
      measures: ['count', 'error_rate', 'cost_usd', 'latency_p99_ms'],
      dimensions: ['tool_name', 'environment'],
    },
    'steps by name': { ...week, kind: 'step', measures: ['count', 'cost_usd'], dimensions: ['step'] },
    'retries by model': { ...week, kind: 'retry', measures: ['count', 'cost_usd'], dimensions: ['model'] },
    'fallbacks by agent': { ...week, kind: 'fallback', measures: ['count'], dimensions: ['agent_id'] },
    'policies by result': { ...week, kind: 'policy', measures: ['count'], dimensions: ['tool_name', 'status'] },
    'users by name': {
      ...week,
      kind: 'user',
      measures: ['count', 'cost_usd', 'tokens_total'],
      dimensions: ['user_id'],
    },
    'errors by class have no money': {
      ...week,
      measures: ['errors', 'count', 'cost_usd', 'tokens_total'],
      dimensions: ['status', 'error_type'],
    },
    'by project': { ...week, measures: ['count', 'cost_usd'], dimensions: ['project_id', 'workspace_id'] },
    'by hour': { ...week, measures: ['count', 'cost_usd', 'latency_p50_ms'], step: 'hour' },
    'by UTC day': { ...week, measures: ['count', 'cost_usd', 'latency_p90_ms'], step: 'day' },
    'by day in Berlin': {
      ...week,
      measures: ['count', 'cost_usd'],
      step: 'day',
      time_zone: 'Europe/Berlin',
      dimensions: ['environment'],
    },
    'by day in Kolkata': { ...week, measures: ['count'], step: 'day', time_zone: 'Asia/Kolkata' },
    'by day and model in Los Angeles': {
      ...week,
      kind: 'llm',
      measures: ['count', 'cost_usd', 'latency_p90_ms'],
      step: 'day',
      time_zone: 'America/Los_Angeles',
      dimensions: ['model'],
    },
    'by minute': {
      from: text(hour - 2 * HOUR_MS + 7 * 60_000),
      to: text(hour - 11 * 60_000),
      measures: ['count', 'errors', 'cost_usd', 'latency_p50_ms'],
      step: 'minute',
      dimensions: ['environment'],
    },
    'the last 26 hours, ragged': {
      from: text(nowMs - 26 * HOUR_MS),
      to: text(nowMs),
      measures: ['count', 'cost_usd', 'latency_p90_ms'],
      dimensions: ['workflow_id'],
    },
    'ragged at both ends': {
      from: text(hour - 40 * HOUR_MS + 61_000),
      to: text(hour - 3 * HOUR_MS + 1_500_000),
      measures: ['count', 'cost_usd'],
      kind: 'llm',
      dimensions: ['model'],
    },
    'within an hour': {
      from: text(hour - 5 * HOUR_MS + 600_000),
      to: text(hour - 5 * HOUR_MS + 2_400_000),
      measures: ['count', 'cost_usd'],
    },
    'within an hour, long ago': {
      from: text(hour - 100 * HOUR_MS + 600_000),
      to: text(hour - 100 * HOUR_MS + 2_400_000),
      measures: ['count', 'cost_usd'],
    },
    'a filter with a quote, and one that excludes': {
      ...week,
      kind: 'llm',
      measures: ['count', 'cost_usd'],
      dimensions: ['model', 'environment'],
      filters: [
        { dimension: 'model', op: 'eq', values: ["m'3", 'm1', "x' OR 1=1 --"] },
        { dimension: 'environment', op: 'neq', values: ['staging', ''] },
      ],
    },
    'latencies within a limit, by model and hour': {
      ...week,
      kind: 'llm',
      measures: ['latency_within_rate', 'latency_count', 'latency_p50_ms'],
      within_ms: 900,
      dimensions: ['model'],
      step: 'hour',
    },
    'latencies within a limit, in the last 26 hours': {
      from: text(nowMs - 26 * HOUR_MS),
      to: text(nowMs),
      measures: ['latency_within_rate', 'count'],
      within_ms: 2500.5,
    },
    'latencies within a limit, of a status': {
      ...week,
      measures: ['latency_within_rate', 'latency_count'],
      within_ms: 400,
      dimensions: ['workflow_id'],
      filters: [{ dimension: 'status', op: 'eq', values: ['ok'] }],
    },
    'unique users and agents': { ...week, measures: ['unique_users', 'unique_agents', 'count'] },
    'unique users by hour': {
      ...week,
      measures: ['unique_users'],
      step: 'hour',
      filters: [{ dimension: 'environment', op: 'eq', values: ['production'] }],
    },
    nothing: {
      ...week,
      measures: ['count', 'cost_usd', 'latency_p50_ms', 'success_rate'],
      filters: [{ dimension: 'environment', op: 'eq', values: ['no such'] }],
    },
  }
  return Object.entries(raw).map(([name, query]) => ({ name, query: MetricsQuery.parse({ limit: 5000, ...query }) }))
}

/** How far a back end may differ, because of what it computes with. */
export interface Leeway {
  rankOf?: RankOf
  /** Sums of money pass what a double holds. */
  money_in_doubles?: boolean
}

/** Fails unless an answer says the same as the events: counts and money exactly, percentiles within two percent. */
export function expectSame(
  answer: MetricsAnswer,
  events: readonly Placed[],
  query: MetricsQuery,
  leeway: Leeway = {},
): void {
  const { data, meta } = MetricsAnswer.parse(answer)
  const range = { from_ms: Date.parse(meta.from ?? query.from), to_ms: Date.parse(meta.to ?? query.to) }
  const expected = referenceAnswer(events, query, range, leeway.rankOf)
  const found = new Map(data.map((row) => [keyOf(row, query), row]))
  expect([...found.keys()].sort()).toEqual(expected.map((row) => keyOf(row, query)).sort())
  expectWithin(found, events, query, range)
  for (const row of expected) {
    const actual = found.get(keyOf(row, query))
    for (const measure of query.measures.filter((m) => m !== 'latency_within_rate'))
      expectMeasure(valueOf(actual, measure), valueOf(row, measure), measure, keyOf(row, query), leeway)
  }
}

function valueOf(row: MetricsRow | undefined, measure: Measure): string | number | null {
  const value = row?.[measure] ?? null
  if (Array.isArray(value)) throw new Error(`${measure} is no single value`)
  return value
}

/** Between the shares within limits that are two percent tighter and wider. */
function expectWithin(
  found: ReadonlyMap<string, MetricsRow>,
  events: readonly Placed[],
  query: MetricsQuery,
  range: { from_ms: number; to_ms: number },
): void {
  const { within_ms } = query
  if (within_ms === undefined) return
  const shares = (limit: number) =>
    new Map(
      referenceAnswer(events, { ...query, within_ms: limit }, range).map((row) => [
        keyOf(row, query),
        row.latency_within_rate ?? null,
      ]),
    )
  const least = shares(within_ms / (1 + ALPHA + 1e-6))
  const most = shares(within_ms / (1 - ALPHA - 1e-6))
  for (const [key, row] of found) {
    const actual = row.latency_within_rate ?? null
    if (least.get(key) === null) expect(actual, key).toBeNull()
    else {
      expect(Number(actual), key).toBeGreaterThanOrEqual(Number(least.get(key)) - 1e-9)
      expect(Number(actual), key).toBeLessThanOrEqual(Number(most.get(key)) + 1e-9)
    }
  }
}

function keyOf(row: MetricsRow, query: MetricsQuery): string {
  const time =
    row.time === undefined
      ? ''
      : query.step === 'day' && String(row.time).length > 10
        ? localDate(Date.parse(String(row.time)), query.time_zone)
        : row.time
  return JSON.stringify([time, ...query.dimensions.map((name) => row[name])])
}

function expectMeasure(
  actual: string | number | null,
  wanted: string | number | null,
  measure: Measure,
  key: string,
  { money_in_doubles }: Leeway,
): void {
  const why = `${measure} of ${key}`
  if (money_in_doubles && measure === 'cost_usd' && wanted !== null && actual !== null)
    return expect(Math.abs(Number(actual) - Number(wanted)), why).toBeLessThanOrEqual(Number(wanted) * 1e-14)
  if (typeof wanted !== 'number' || typeof actual !== 'number' || Number.isInteger(wanted)) {
    if (!PERCENTILES.includes(measure)) return expect(actual, why).toEqual(wanted)
  }
  if (wanted === null) return expect(actual, why).toBeNull()
  const tolerance = PERCENTILES.includes(measure) ? Math.max(Math.abs(Number(wanted)) * 0.0201, 0.002) : 1e-9
  expect(Math.abs(Number(actual) - Number(wanted)), why).toBeLessThanOrEqual(tolerance)
}
