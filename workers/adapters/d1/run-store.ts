import { COMPARED_RUNS_MAX, SESSION_TRACES_MAX, type Compared, type SessionSums } from '../../contract/compare.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Run, Runs } from '../../domain/compare/compare.ts'
import { HOUR_MS } from '../../domain/rollup-merge.ts'
import type { RunRange, RunStore } from '../../services/run/port.ts'
import { behindSql } from './trace-sums.ts'

/** Traces that a comparison looks at, however rare what is compared is among them; of versions, for each side. */
const SCANNED_MAX = 300_000
const WORKFLOWS_MAX = 500

/** An hour of a project with traces in it, newest first in lists of them. */
interface Hour {
  project_id: string
  hour_ms: number
  n: number
  a: number
  b: number
}

/** Whole traces in the tenant's data shard; the sums of their hours say where to look. */
export function runStore(shardOf: (tenant: Tenant) => D1Database): RunStore {
  return {
    compared(tenant, range, workflow, of, values) {
      const db = shardOf(tenant)
      return of === 'workflow_version'
        ? versionsOf(db, tenant, range, workflow, values)
        : usedOf(db, tenant, range, workflow, of, values)
    },
    async sessions(tenant, range, workflow) {
      const db = shardOf(tenant)
      const hours = await hoursOf(db, tenant, range, '', ['', ''])
      const from_ms = Math.max(range.from_ms, newest(hours, SESSION_TRACES_MAX))
      const sampled = hours.some((hour) => hour.hour_ms + HOUR_MS <= from_ms)
      return { ...(await sessionsOf(db, tenant, { ...range, from_ms }, workflow)), from_ms, sampled }
    },
  }
}

async function versionsOf(
  db: D1Database,
  tenant: Tenant,
  range: RunRange,
  workflow: string,
  values: [string, string],
): Promise<{ a: Runs; b: Runs; mixed: number }> {
  const hours = await hoursOf(db, tenant, range, workflow, values)
  return {
    a: await runsOf(db, tenant, range, hours, 'a', workflow, values[0]),
    b: await runsOf(db, tenant, range, hours, 'b', workflow, values[1]),
    mixed: 0,
  }
}

/** Hours that hold traces by their sums, or may hold some that no sum knows of yet. */
async function hoursOf(
  db: D1Database,
  { org_id }: Tenant,
  { project_ids, from_ms, to_ms }: RunRange,
  workflow: string,
  [a, b]: [string, string],
): Promise<Hour[]> {
  const found = await db
    .prepare(
      `WITH ${behindSql('?1')},
       stored AS (SELECT r.project_id, r.hour_ms, sum(r.n) AS n, sum(iif(r.workflow_id = ?5 AND r.workflow_version = ?6, r.n, 0)) AS a,
           sum(iif(r.workflow_id = ?5 AND r.workflow_version = ?7, r.n, 0)) AS b
         FROM rollup r WHERE r.org_id = ?1 AND r.kind = 'trace' AND r.hour_ms >= ?3 AND r.hour_ms < ?4
         AND r.project_id IN (SELECT value FROM json_each(?2)) GROUP BY r.hour_ms, r.project_id)
       SELECT project_id, hour_ms, n, a, b FROM stored
       UNION ALL SELECT project_id, hour_ms, 0, 1, 1 FROM behind WHERE hour_ms >= ?3 AND hour_ms < ?4
         AND project_id IN (SELECT value FROM json_each(?2)) AND NOT EXISTS
         (SELECT 1 FROM stored s WHERE s.project_id = behind.project_id AND s.hour_ms = behind.hour_ms AND s.a > 0 AND s.b > 0)
       ORDER BY hour_ms DESC`,
    )
    .bind(org_id, JSON.stringify(project_ids), from_ms - (from_ms % HOUR_MS), to_ms, workflow, a, b)
    .all<Hour>()
  return found.results
}

async function runsOf(
  db: D1Database,
  { org_id }: Tenant,
  { from_ms, to_ms }: RunRange,
  hours: readonly Hour[],
  side: 'a' | 'b',
  workflow: string,
  value: string,
): Promise<Runs> {
  const { chosen, isCut } = enough(hours, side)
  const found = await db
    .prepare(
      `SELECT t.complete, t.complete = 1 AND t.status = 'ok' AND t.outcome <> 'failure' AS good,
         CAST(t.cost_nanousd AS TEXT) AS cost, max(0, t.ended_ms - t.started_ms) AS took_ms
       FROM (SELECT DISTINCT value ->> 0 AS project_id, value ->> 1 AS hour_ms FROM json_each(?1)) k CROSS JOIN trace t
       ON t.project_id = k.project_id AND t.sort_ms >= max(k.hour_ms, ?2) AND t.sort_ms < min(k.hour_ms + ${HOUR_MS}, ?3)
       WHERE t.org_id = ?4 AND t.workflow_id = ?5 AND t.workflow_version = ?6 AND t.ended_ms > 0
       ORDER BY t.sort_ms DESC, t.trace_id LIMIT ${COMPARED_RUNS_MAX + 1}`,
    )
    .bind(
      JSON.stringify(chosen.map(({ project_id, hour_ms }) => [project_id, hour_ms])),
      ...[from_ms, to_ms, org_id, workflow, value],
    )
    .all<RunRow>()
  const rows = found.results.map(runOf)
  return { value, runs: rows.slice(0, COMPARED_RUNS_MAX), sampled: isCut || rows.length > COMPARED_RUNS_MAX }
}

interface RunRow {
  complete: number
  good: number
  cost: string
  took_ms: number
}

const runOf = (row: RunRow): Run => ({
  complete: row.complete === 1,
  good: row.good === 1,
  cost_nanousd: BigInt(row.cost),
  took_ms: row.took_ms,
})

/** The newest hours that hold enough runs of a side, or as many as may be looked at. */
function enough(hours: readonly Hour[], side: 'a' | 'b'): { chosen: Hour[]; isCut: boolean } {
  const own = hours.filter((hour) => hour[side] > 0)
  let [runs, scanned, i] = [0, 0, 0]
  for (; i < own.length && runs <= COMPARED_RUNS_MAX && scanned <= SCANNED_MAX; i++) {
    runs += own[i]?.[side] ?? 0
    scanned += own[i]?.n ?? 0
  }
  return { chosen: own.slice(0, i), isCut: i < own.length }
}

/** What runs used besides their version, as a trace holds it: a JSON array. */
const USED: Record<Exclude<Compared, 'workflow_version'>, string> = { model: 't.models', prompt_version: 't.prompts' }

/**
 * Runs that used one of two values. Sums of hours tell of the calls, which may be later than their trace's beginning, so
 * the workflow's traces are looked at themselves, the newest first.
 */
async function usedOf(
  db: D1Database,
  tenant: Tenant,
  range: RunRange,
  workflow: string,
  of: Exclude<Compared, 'workflow_version'>,
  [a, b]: [string, string],
): Promise<{ a: Runs; b: Runs; mixed: number }> {
  const from_ms = Math.max(range.from_ms, newest(await hoursOf(db, tenant, range, '', ['', '']), SCANNED_MAX))
  const has = (at: string) =>
    `iif(${at} = '', ${USED[of]} = '[]', EXISTS (SELECT 1 FROM json_each(${USED[of]}) WHERE value = ${at}))`
  const found = await db
    .prepare(
      `WITH used AS (SELECT t.complete, t.complete = 1 AND t.status = 'ok' AND t.outcome <> 'failure' AS good,
           CAST(t.cost_nanousd AS TEXT) AS cost, max(0, t.ended_ms - t.started_ms) AS took_ms, t.sort_ms, t.trace_id,
           ${has('?6')} + 2 * ${has('?7')} AS side
         FROM json_each(?1) k CROSS JOIN trace t ON t.project_id = k.value AND t.sort_ms >= ?2 AND t.sort_ms < ?3
         WHERE t.org_id = ?4 AND t.workflow_id = ?5 AND t.ended_ms > 0),
       placed AS (SELECT *, row_number() OVER (PARTITION BY side ORDER BY sort_ms DESC, trace_id) AS place,
           count(*) OVER (PARTITION BY side) AS size FROM used WHERE side > 0)
       SELECT side, size, complete, good, cost, took_ms FROM placed WHERE place <= iif(side = 3, 1, ${COMPARED_RUNS_MAX})
       ORDER BY side, place`,
    )
    .bind(JSON.stringify(range.project_ids), from_ms, range.to_ms, tenant.org_id, workflow, a, b)
    .all<RunRow & { side: 1 | 2 | 3; size: number }>()
  const runs = (side: 1 | 2, value: string): Runs => {
    const own = found.results.filter((row) => row.side === side)
    return {
      value,
      runs: own.map(runOf),
      sampled: from_ms > range.from_ms || (own[0]?.size ?? 0) > COMPARED_RUNS_MAX,
    }
  }
  return { a: runs(1, a), b: runs(2, b), mixed: found.results.find((row) => row.side === 3)?.size ?? 0 }
}

/** Where the newest hours begin that together hold no more than may be looked at; one of them at least. */
function newest(hours: readonly Hour[], tracesMax: number): number {
  const byHour = new Map<number, number>()
  for (const { hour_ms, n } of hours) byHour.set(hour_ms, (byHour.get(hour_ms) ?? 0) + n)
  let traces = 0
  let from = 0
  for (const [hour, n] of byHour) {
    traces += n
    if (from !== 0 && traces > tracesMax) return from
    from = hour
  }
  return 0
}

type SessionRow = SessionSums & { workflow_id: string }

async function sessionsOf(
  db: D1Database,
  { org_id }: Tenant,
  { project_ids, from_ms, to_ms }: RunRange,
  workflow: string | undefined,
): Promise<{ rows: SessionRow[]; total: SessionSums }> {
  const found = await db
    .prepare(
      `WITH own AS MATERIALIZED (SELECT t.project_id, t.session_id, t.workflow_id, min(t.started_ms) AS from_ms,
         max(t.ended_ms) AS to_ms, count(*) AS requests
         FROM json_each(?1) k CROSS JOIN trace t ON t.project_id = k.value AND t.sort_ms >= ?2 AND t.sort_ms < ?3
         WHERE t.org_id = ?4 AND t.session_id <> '' AND t.ended_ms > 0 AND (?5 IS NULL OR t.workflow_id = ?5)
         GROUP BY t.project_id, t.session_id, t.workflow_id),
       session(whole, workflow_id, took_ms, requests) AS (
         SELECT 0, workflow_id, max(0, to_ms - from_ms), requests FROM own
         UNION ALL SELECT 1, '', max(0, max(to_ms) - min(from_ms)), sum(requests) FROM own GROUP BY project_id, session_id)
       SELECT whole, workflow_id, count(*) AS sessions, avg(took_ms) AS length_avg_ms,
         avg(iif(place IN ((size + 1) / 2, (size + 2) / 2), took_ms, NULL)) AS length_p50_ms, avg(requests) AS requests_avg
       FROM (SELECT *, row_number() OVER (PARTITION BY whole, workflow_id ORDER BY took_ms) AS place,
         count(*) OVER (PARTITION BY whole, workflow_id) AS size FROM session)
       GROUP BY whole, workflow_id ORDER BY whole DESC, sessions DESC, workflow_id LIMIT ${WORKFLOWS_MAX + 1}`,
    )
    .bind(JSON.stringify(project_ids), from_ms, to_ms, org_id, workflow ?? null)
    .all<SessionRow & { whole: number }>()
  const [first, ...rows] = found.results.map(({ whole: _, ...row }) => row)
  const { workflow_id: _, ...total } = first ?? { workflow_id: '', ...NO_SESSIONS }
  return { rows, total }
}

const NO_SESSIONS: SessionSums = { sessions: 0, length_avg_ms: null, length_p50_ms: null, requests_avg: null }
