import type { Dimension, MetricsAnswer, MetricsQuery } from '../../../contract/metrics.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import { Answer, type PartialRow } from '../../../domain/metrics-answer.ts'
import { planMetrics, type MetricsPlan } from '../../../domain/metrics-plan.ts'
import { HOUR_MS, mergeDeltas, type RollupRow } from '../../../domain/rollup-merge.ts'
import type { Histogram } from '../../../domain/rollup-row.ts'
import type { MetricsStore } from '../../../services/metrics/port.ts'
import { rollupStore } from '../../d1/rollup-store.ts'

const COUNTS = ['n', 'errors', 'successes', 'latency_sum_ms', 'latency_n'] as const
const MONEY = ['paid', 'unpriced', 'tokens_prompt', 'tokens_completion', 'tokens_cached', 'tokens_cache_write', 'tokens_reasoning'] as const

/** Deltas merged by this isolate, so that the queries of one page do it once. */
const merged = new Map<string, RollupRow[]>()
const MERGED_MAX = 20

/** Metrics from D1: hourly rollups and the deltas that are not merged yet; minutes from deltas alone. */
export function d1Metrics(shardOf: (tenant: Tenant) => D1Database, now: () => number): MetricsStore {
  return {
    async query(tenant: Tenant, projectIds: readonly string[], query: MetricsQuery): Promise<MetricsAnswer> {
      const plan = planMetrics(query, now())
      const db = shardOf(tenant)
      const answer = new Answer(plan)
      const [stored, recent] = await Promise.all([
        plan.bucket_ms === HOUR_MS ? storedRows(db, tenant, projectIds, plan) : [],
        plan.bucket_ms === HOUR_MS ? waitingRows(db, tenant) : minuteRows(db, tenant, plan),
      ])
      for (const row of stored) answer.add(row)
      const projects = new Set(projectIds)
      for (const row of recent) {
        if (!matches(row, plan, projects)) continue
        answer.add(row.kind === plan.kind ? { ...row, cost_nanousd: BigInt(row.cost_nanousd) } : moneyOf(row))
      }
      const finished = answer.finish({ back_end: 'd1', sampled: false })
      return withUnique(finished, plan, db, tenant, projectIds)
    },
  }
}

function matches(row: RollupRow, plan: MetricsPlan, projects: Set<string>): boolean {
  if (!plan.money_kinds.includes(row.kind) || !projects.has(row.project_id) || row.bucket_ms < plan.from_ms || row.bucket_ms >= plan.to_ms) return false
  return plan.filters.every(({ dimension, op, values }) => values.includes(row[dimension]) === (op === 'eq'))
}

async function waitingRows(db: D1Database, tenant: Tenant): Promise<RollupRow[]> {
  const { groups, key } = await rollupStore(db).waiting(tenant.org_id)
  const hit = merged.get(key)
  if (hit) return hit
  const rows = mergeDeltas(groups, HOUR_MS)
  if (merged.size >= MERGED_MAX) merged.clear()
  merged.set(key, rows)
  return rows
}

async function minuteRows(db: D1Database, tenant: Tenant, plan: MetricsPlan): Promise<RollupRow[]> {
  return mergeDeltas(await rollupStore(db).between(tenant.org_id, plan.from_ms, plan.to_ms), plan.bucket_ms)
}

/** WHERE clause and values of the rows that a plan reads. */
function selection(tenant: Tenant, projectIds: readonly string[], plan: MetricsPlan): { where: string; values: unknown[] } {
  const values: unknown[] = [tenant.org_id, JSON.stringify(plan.money_kinds), plan.from_ms, plan.to_ms, JSON.stringify(projectIds)]
  const conditions = plan.filters.map(({ dimension, op, values: wanted }) => {
    values.push(JSON.stringify(wanted))
    return `${dimension} ${op === 'eq' ? 'IN' : 'NOT IN'} (SELECT value FROM json_each(?${values.length}))`
  })
  const where = ['org_id = ?1', 'kind IN (SELECT value FROM json_each(?2))', 'hour_ms >= ?3', 'hour_ms < ?4', 'project_id IN (SELECT value FROM json_each(?5))', ...conditions].join(' AND ')
  return { where, values }
}

async function storedRows(db: D1Database, tenant: Tenant, projectIds: readonly string[], plan: MetricsPlan): Promise<PartialRow[]> {
  const { where, values } = selection(tenant, projectIds, plan)
  // Days are cut in a zone by the answer; hours are few enough to bring along.
  const groups: string[] = [...(plan.step === 'total' ? [] : ['hour_ms']), ...plan.dimensions]
  const by = groups.length > 0 ? `GROUP BY ${groups.join(', ')}` : ''
  // Of the kinds that only lend their money, nothing is counted.
  const kind = `?${values.push(plan.kind)}`
  const sums = [...COUNTS.map((name) => `sum(iif(kind = ${kind}, ${name}, 0)) AS ${name}`), ...MONEY.map((name) => `sum(${name}) AS ${name}`)].join(', ')
  const head = groups.length > 0 ? `${groups.join(', ')}, ` : ''
  const statements = [db.prepare(`SELECT ${head}${sums}, CAST(sum(cost_nanousd) AS TEXT) AS cost FROM rollup WHERE ${where} ${by}`).bind(...values)]
  if (plan.needs_histogram) {
    statements.push(
      db.prepare(`SELECT ${head}h.key AS bucket, sum(h.value) AS weight FROM rollup, json_each(latency_hist) h WHERE ${where} AND kind = ${kind} GROUP BY ${[...groups, 'h.key'].join(', ')}`).bind(...values),
    )
  }
  const [rows, histogram] = await db.batch<Record<string, string | number | null>>(statements)
  const stored = (rows?.results ?? []).filter((row) => row.n !== null || row.cost !== null).map((row) => partial(row, plan))
  const buckets = (histogram?.results ?? []).map((row) => ({ ...placed(row, plan), latency_hist: { [String(row.bucket)]: Number(row.weight) } as Histogram }))
  return [...stored, ...buckets]
}

function placed(row: Record<string, string | number | null>, plan: MetricsPlan): PartialRow {
  const out: PartialRow = { bucket_ms: Number(row.hour_ms ?? plan.from_ms) }
  for (const name of plan.dimensions) out[name] = String(row[name] ?? '')
  return out
}

function partial(row: Record<string, string | number | null>, plan: MetricsPlan): PartialRow {
  const out = placed(row, plan)
  for (const name of [...COUNTS, ...MONEY]) out[name] = Number(row[name] ?? 0)
  out.cost_nanousd = BigInt(row.cost ?? 0)
  return out
}

function moneyOf(row: RollupRow): PartialRow {
  const { bucket_ms, cost_nanousd } = row
  const out: PartialRow = { ...row, bucket_ms, cost_nanousd: BigInt(cost_nanousd), latency_hist: undefined }
  for (const name of COUNTS) out[name] = 0
  return out
}

const UNIQUE = { unique_users: ['user', 'user_id'], unique_agents: ['request', 'agent_id'] } as const

/** Distinct users and agents of the whole range; only asked for without dimensions and steps. */
async function withUnique(answer: MetricsAnswer, plan: MetricsPlan, db: D1Database, tenant: Tenant, projectIds: readonly string[]): Promise<MetricsAnswer> {
  const row = answer.data[0]
  if (!row || plan.step !== 'total' || plan.dimensions.length > 0) return answer
  for (const measure of ['unique_users', 'unique_agents'] as const) {
    if (!plan.measures.includes(measure)) continue
    const [kind, column] = UNIQUE[measure]
    row[measure] = await countDistinct(db, tenant, projectIds, { ...plan, kind, money_kinds: [kind], filters: plan.filters.filter((f) => isPlace(f.dimension)) }, column)
  }
  return answer
}

const isPlace = (dimension: Dimension) => dimension === 'environment' || dimension === 'project_id' || dimension === 'workspace_id'

async function countDistinct(db: D1Database, tenant: Tenant, projectIds: readonly string[], plan: MetricsPlan, column: 'user_id' | 'agent_id'): Promise<number> {
  const { where, values } = selection(tenant, projectIds, plan)
  const stored = await db.prepare(`SELECT DISTINCT ${column} AS name FROM rollup WHERE ${where}`).bind(...values).all<{ name: string }>()
  const names = new Set(stored.results.map((r) => r.name))
  const projects = new Set(projectIds)
  for (const row of await waitingRows(db, tenant)) if (matches(row, plan, projects)) names.add(row[column])
  names.delete('')
  return names.size
}
