import type { Measure, MetricsAnswer, MetricsQuery } from '../../../contract/metrics.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import { refusal } from '../../../domain/errors.ts'
import { Answer, COUNT_SUMS, MONEY_SUMS, quantileOf, type Sums } from '../../../domain/metrics-answer.ts'
import { dayTime, planMetrics, type MetricsPlan } from '../../../domain/metrics-plan.ts'
import type { MetricsStore } from '../../../services/metrics/port.ts'
import { SQL_CHARS_MAX } from './columns.ts'
import { runSql, type SqlApiOptions, type SqlRow } from './sql-api.ts'
import { dimensionAlias, GROUPS_MAX, statementsOf, TIME, WITHIN, type Statement } from './sql.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Points are kept for three months, the shortest of which have 89 days; a day less, so that none is cut off. */
const KEPT_MS = 88 * DAY_MS
/** Points show after a while. What begins this recently is watched for its newest minutes. */
const FRESH_MS = 25 * HOUR_MS

export interface AnalyticsEngineOptions extends SqlApiOptions {
  dataset: string
  now: () => number
  /** Answers what Analytics Engine cannot: see `analyticsEngineMetrics`. */
  exact: MetricsStore
  fresh_ms?: number
}

/**
 * Metrics from Analytics Engine. Left to the exact store are: whatever asks for users or for histograms, ranges that
 * begin before the retention or within the last day, statements that are too long, and distinct counts of what was
 * sampled, which no weight makes right.
 */
export function analyticsEngineMetrics(options: AnalyticsEngineOptions): MetricsStore {
  const { dataset, now, exact } = options
  if (!/^\w+$/.test(dataset)) throw new Error('the name of a dataset is letters, digits and underscores')
  return {
    query,
    queries: (tenant, questions) =>
      Promise.all(questions.map((one) => query(tenant, one.projectIds, one.query).catch(refusal))),
  }

  async function query(tenant: Tenant, projectIds: readonly string[], asked: MetricsQuery): Promise<MetricsAnswer> {
    const plan = planMetrics(asked, now())
    const statements =
      projectIds.length === 0 ? [] : statementsOf(plan, { dataset, org_id: tenant.org_id, project_ids: projectIds })
    if (!isAnswerable(plan, statements, now(), options.fresh_ms ?? FRESH_MS))
      return exact.query(tenant, projectIds, asked)
    const results = await Promise.all(statements.map(({ sql }) => runSql(options, sql)))
    const sampled = results.some((rows) => rows.some(isSampled))
    if (sampled && statements.some(({ part }) => part.startsWith('unique')))
      return exact.query(tenant, projectIds, asked)
    return answerOf(plan, statements, results, sampled)
  }
}

function isAnswerable(plan: MetricsPlan, statements: readonly Statement[], nowMs: number, freshMs: number): boolean {
  return (
    !asksForUsers(plan) &&
    !plan.measures.includes('latency_histogram') &&
    plan.from_ms >= nowMs - KEPT_MS &&
    plan.from_ms < nowMs - freshMs &&
    statements.every(({ sql }) => sql.length <= SQL_CHARS_MAX)
  )
}

/** Points name no users. */
function asksForUsers({ kind, dimensions, filters, measures }: MetricsPlan): boolean {
  return (
    kind === 'user' ||
    measures.includes('unique_users') ||
    dimensions.includes('user_id') ||
    filters.some(({ dimension }) => dimension === 'user_id')
  )
}

function answerOf(
  plan: MetricsPlan,
  statements: readonly Statement[],
  results: readonly SqlRow[][],
  sampled: boolean,
): MetricsAnswer {
  const answer = new Answer(plan)
  statements.forEach(({ part }, i) => {
    for (const row of (results[i] ?? []).slice(0, GROUPS_MAX)) {
      const sums = TAKE[part](row, plan)
      if (sums !== null) answer.add(...placeOf(plan, row), sums)
    }
  })
  const { data, meta } = answer.finish(
    { back_end: 'analytics_engine', sampled },
    results.some((rows) => rows.length > GROUPS_MAX),
  )
  // Points are written at least once, and after the commit: never exact, even where all are read.
  return { data, meta: { ...meta, approximate: true } }
}

const TAKE: Record<Statement['part'], (row: SqlRow, plan: MetricsPlan) => Partial<Sums> | null> = {
  counts: (row) => sumsOf(row, COUNT_SUMS),
  money: (row) => {
    const cost_nanousd = BigInt(numberOf(row.cost_nanousd))
    const sums = sumsOf(row, MONEY_SUMS)
    return sums === null && cost_nanousd === 0n ? null : { ...sums, cost_nanousd }
  },
  percentiles: (row, plan) => ({ percentiles: percentilesOf(row, plan.measures), ...withinOf(row, plan) }),
  unique_agents: (row) => ({ unique_agents: numberOf(row.found) }),
}

/** Null where nothing happened: no such group is shown. */
function sumsOf<Name extends (typeof COUNT_SUMS | typeof MONEY_SUMS)[number]>(
  row: SqlRow,
  names: readonly Name[],
): Partial<Record<Name, number>> | null {
  const sums: Partial<Record<Name, number>> = {}
  for (const name of names) sums[name] = numberOf(row[name])
  return names.some((name) => sums[name] !== 0) ? sums : null
}

function percentilesOf(row: SqlRow, measures: readonly Measure[]): Sums['percentiles'] {
  const found: Sums['percentiles'] = {}
  const none = numberOf(row.latency_weight) === 0
  for (const measure of measures) {
    if (quantileOf(measure) !== undefined) found[measure] = none ? null : Number(row[measure])
  }
  return found
}

function withinOf(row: SqlRow, { within_ms }: MetricsPlan): Pick<Sums, 'within'> | null {
  if (within_ms === null) return null
  const all = numberOf(row.latency_weight)
  return { within: all === 0 ? null : numberOf(row[WITHIN]) / all }
}

const isSampled = (row: SqlRow) => numberOf(row.sample_interval) > 1 || numberOf(row.stands_for) > 1

/** Large integers come as text, and a sum over nothing as null or as a word. */
function numberOf(value: SqlRow[string] | undefined): number {
  const number = Math.round(Number(value ?? 0))
  return Number.isFinite(number) ? number : 0
}

function placeOf(plan: MetricsPlan, row: SqlRow): [number, string[]] {
  const at = plan.step === 'total' ? 0 : numberOf(row[TIME])
  return [
    plan.step === 'day' ? dayTime(plan, at) : at,
    plan.dimensions.map((_, i) => String(row[dimensionAlias(i)] ?? '')),
  ]
}
