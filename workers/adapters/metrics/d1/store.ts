import type { Dimension, Kind, MetricsAnswer } from '../../../contract/metrics.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import { AppError, refusal } from '../../../domain/errors.ts'
import { mergeText } from '../../../domain/histogram.ts'
import { Answer, COUNT_SUMS, MONEY_SUMS, type Sums } from '../../../domain/metrics-answer.ts'
import { dayTime, needsHours, planMetrics, type MetricsPlan } from '../../../domain/metrics-plan.ts'
import { columnOf, type Histogram } from '../../../domain/rollup-row.ts'
import type { MetricsQuestion, MetricsStore } from '../../../services/metrics/port.ts'
import { columnsOf, sourceSql, Values, type RollupRead } from '../../d1/rollup-read.ts'

/** More groups than this are cut off, those with the least left out. */
const GROUPS_MAX = 50_000
/** Up to this many stored histograms are merged here, which is faster; more are merged by SQL, which is bounded. */
const HISTOGRAMS_MAX = 20_000

type Row = Record<string, string | number | null>

/** Metrics from D1: hourly rollups and the deltas that are not merged yet; minutes from deltas alone. */
export function d1Metrics(
  shardOf: (tenant: Tenant) => D1Database,
  now: () => number,
  limits = { histograms_max: HISTOGRAMS_MAX },
): MetricsStore {
  return {
    async query(tenant, projectIds, query) {
      const [answer] = await answersOf(shardOf(tenant), [askedOf(tenant, { projectIds, query })])
      if (answer === undefined) throw new Error('a question has an answer')
      return answer
    },
    async queries(tenant, questions) {
      const asked = questions.map((question) => {
        try {
          return askedOf(tenant, question)
        } catch (error) {
          return refusal(error)
        }
      })
      const fair = asked.flatMap((one) => (one instanceof AppError ? [] : [one]))
      const answers = (await answersOf(shardOf(tenant), fair)).values()
      return asked.flatMap((one) => (one instanceof AppError ? one : (answers.next().value ?? [])))
    },
  }

  function askedOf(tenant: Tenant, { projectIds, query }: MetricsQuestion): Asked {
    const plan = planMetrics(query, now())
    const source = sourceOf(plan, tenant, projectIds)
    return { plan, source, reads: readsOf(plan, source, limits.histograms_max) }
  }

  async function answersOf(db: D1Database, asked: readonly Asked[]): Promise<MetricsAnswer[]> {
    // One batch is one snapshot: no delta is counted both before and after it is merged.
    const statements = asked.flatMap(({ reads }) => reads.map(({ sql, values }) => db.prepare(sql).bind(...values)))
    const results = statements.length === 0 ? [] : await db.batch<Row>(statements)
    let at = 0
    return Promise.all(
      asked.map((one) => answerOf(db, one, results.slice(at, (at += one.reads.length)), limits.histograms_max)),
    )
  }
}

/** A question as it is read. */
interface Asked {
  plan: MetricsPlan
  source: RollupRead
  reads: Statement[]
}

async function answerOf(
  db: D1Database,
  { plan, source, reads }: Asked,
  results: readonly D1Result<Row>[],
  histogramsMax: number,
): Promise<MetricsAnswer> {
  const answer = new Answer(plan)
  let cut = false
  for (const [i, read] of reads.entries()) {
    const rows = results[i]?.results ?? []
    cut ||= rows.length > GROUPS_MAX && read.take === addSums
    if (read.take === addHistograms && rows.length > histogramsMax) await mergeInSql(db, answer, plan, source)
    else read.take(answer, plan, rows)
  }
  return answer.finish({ back_end: 'd1', sampled: false }, cut)
}

interface Statement {
  sql: string
  values: (string | number)[]
  take(answer: Answer, plan: MetricsPlan, rows: Row[]): void
}

function readsOf(plan: MetricsPlan, source: RollupRead, histogramsMax: number): Statement[] {
  const reads: Statement[] = []
  const sums = sumsStatement(plan, source)
  if (sums !== null) reads.push(sums)
  if (plan.histogram) reads.push(histogramStatement(plan, source, histogramsMax))
  if (plan.measures.includes('unique_users')) reads.push(distinctStatement(plan, source, 'user', 'user_id'))
  if (plan.measures.includes('unique_agents')) reads.push(distinctStatement(plan, source, 'request', 'agent_id'))
  return reads
}

function sourceOf(plan: MetricsPlan, tenant: Tenant, projectIds: readonly string[]): RollupRead {
  const { hours, from_ms, to_ms, step } = plan
  const ragged = from_ms < hours.from_ms || hours.to_ms < to_ms
  return {
    org_id: tenant.org_id,
    project_ids: projectIds,
    kind: null,
    money_kinds: [],
    hours: [hours],
    minutes: ragged ? { from_ms, to_ms } : undefined,
    time: step === 'total' ? 'none' : step === 'day' ? plan.offsets : step,
    days: !needsHours(plan) && plan.kind !== 'user',
    columns: columnsOf(plan.kind, plan.dimensions),
    filters: plan.filters.map(({ dimension, ...rest }) => ({ ...rest, column: columnOf(plan.kind, dimension) })),
    counts: [],
    money: [],
    histogram: false,
  }
}

const keysOf = (plan: MetricsPlan) => ['at', ...plan.dimensions].join(', ')

function sumsStatement(plan: MetricsPlan, source: RollupRead): Statement | null {
  const counts = plan.counts || (plan.money_kinds.length === 0 && !plan.histogram) ? COUNT_SUMS : []
  const money = plan.money_kinds.length > 0 ? (['cost_nanousd', ...MONEY_SUMS] as const) : []
  if (counts.length + money.length === 0) return null
  const values = new Values()
  const head = sourceSql(
    { ...source, kind: counts.length > 0 ? plan.kind : null, money_kinds: plan.money_kinds, counts, money },
    values,
  )
  const sums = [...counts, ...money].map((name) =>
    name === 'cost_nanousd' ? `CAST(sum(${name}) AS TEXT) AS ${name}` : `sum(${name}) AS ${name}`,
  )
  const most =
    plan.order?.by === 'cost_usd' && money.length > 0
      ? 'sum(cost_nanousd)'
      : `sum(${counts.length > 0 ? 'n' : 'cost_nanousd'})`
  return {
    sql: `${head}SELECT ${keysOf(plan)}, ${sums.join(', ')} FROM src GROUP BY ${keysOf(plan)} ORDER BY ${most} DESC LIMIT ${GROUPS_MAX + 1}`,
    values: values.list,
    take: addSums,
  }
}

function histogramStatement(plan: MetricsPlan, source: RollupRead, most: number): Statement {
  const values = new Values()
  const head = sourceSql({ ...source, kind: plan.kind, histogram: true }, values)
  // Bare keys travel as half the bytes: quotes inside a string are escaped.
  const sql = `${head}SELECT ${keysOf(plan)}, replace(hist, '"', '') AS hist FROM src WHERE hist IS NOT NULL LIMIT ${most + 1}`
  return { sql, values: values.list, take: addHistograms }
}

function distinctStatement(
  plan: MetricsPlan,
  source: RollupRead,
  kind: Kind,
  column: 'user_id' | 'agent_id',
): Statement {
  const values = new Values()
  const isAsked = source.columns.some(({ name }) => name === column)
  const columns = isAsked ? source.columns : [...source.columns, ...columnsOf(kind, [column])]
  const head = sourceSql({ ...source, kind, columns, counts: ['n'], days: source.days && kind !== 'user' }, values)
  const sql = `${head}SELECT ${keysOf(plan)}, count(DISTINCT ${column}) AS found FROM src WHERE ${column} <> '' AND n > 0 GROUP BY ${keysOf(plan)}`
  const measure = column === 'user_id' ? 'unique_users' : 'unique_agents'
  return {
    sql,
    values: values.list,
    take: (answer, of, rows) =>
      rows.forEach((row) => answer.add(...placeOf(of, row), { [measure]: Number(row.found) })),
  }
}

function addSums(answer: Answer, plan: MetricsPlan, rows: Row[]): void {
  for (const row of rows.slice(0, GROUPS_MAX)) {
    const part: Partial<Sums> = { cost_nanousd: BigInt(row.cost_nanousd ?? 0) }
    let any = part.cost_nanousd !== 0n
    for (const name of [...COUNT_SUMS, ...MONEY_SUMS]) {
      part[name] = Number(row[name] ?? 0)
      any ||= part[name] !== 0
    }
    if (any) answer.add(...placeOf(plan, row), part)
  }
}

/** Histograms are gathered by group first: a group may have thousands. */
function addHistograms(answer: Answer, plan: MetricsPlan, rows: Row[]): void {
  const groups = new Map<string, { place: [number, string[]]; latency_hist: Histogram }>()
  for (const row of rows) {
    const key = `${row.at}\0${plan.dimensions.map((name) => row[name]).join('\0')}`
    let group = groups.get(key)
    if (group === undefined) {
      group = { place: placeOf(plan, row), latency_hist: {} }
      groups.set(key, group)
    }
    mergeText(group.latency_hist, String(row.hist))
  }
  for (const { place, latency_hist } of groups.values()) answer.add(...place, { latency_hist })
}

async function mergeInSql(db: D1Database, answer: Answer, plan: MetricsPlan, source: RollupRead): Promise<void> {
  const values = new Values()
  const head = sourceSql({ ...source, kind: plan.kind, histogram: true }, values)
  const keys = keysOf(plan)
  const found = await db
    .prepare(
      `${head}SELECT ${keys}, h.key AS bucket, sum(h.value) AS n FROM src CROSS JOIN json_each(src.hist) h WHERE hist IS NOT NULL GROUP BY ${keys}, h.key`,
    )
    .bind(...values.list)
    .all<Row>()
  for (const row of found.results)
    answer.add(...placeOf(plan, row), { latency_hist: { [String(row.bucket)]: Number(row.n) } })
}

function placeOf(plan: MetricsPlan, row: Row): [number, string[]] {
  const at = Number(row.at)
  return [
    plan.step === 'day' ? dayTime(plan, at) : at,
    plan.dimensions.map((name: Dimension) => String(row[name] ?? '')),
  ]
}
