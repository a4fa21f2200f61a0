import { HOUR_MS } from '../../domain/rollup-merge.ts'
import { GROUP_DIMENSIONS } from '../../domain/rollup-row.ts'
import { advanceProgress, isOvertaken } from './progress.ts'
import { repack } from './trace-days.ts'
import { STALE_TRACES_MAX, TRACE_JOB, TRACE_SUMS, tookSql } from './trace-sums.ts'

/** As for the other rollups: hours that are read rarely are not made anew for every commit. */
const DELTAS_WAITING = 64
const OLDEST_MS = 600_000
/** Hours of too many traces to be summed as they are read are made anew this often. */
const BUSY_OLDEST_MS = 50_000
const DELTAS_PER_RUN = 256
const HOURS_PER_BATCH = 100

const SUMS = Object.keys(TRACE_SUMS)
/** The columns that tell rows apart; an outcome lies where other kinds have their step. */
const LABELS: Partial<Record<(typeof GROUP_DIMENSIONS)[number], string>> = {
  environment: 't.environment',
  agent_id: 't.agent_id',
  workflow_id: 't.workflow_id',
  workflow_version: 't.workflow_version',
  step: 't.outcome',
  status: 't.status',
  error_type: 't.error_type',
}
const GROUP = ['hour_ms', 'project_id', 'workspace_id', ...Object.keys(LABELS)].join(', ')

/** Retention may take the traces of an hour after it was chosen: what it was must stay then. */
const isKept = (hour: string) =>
  `${hour} ->> 2 >= coalesce((SELECT traces_from_ms FROM retention r WHERE r.project_id = ${hour} ->> 0), 0)`
/** ?2 holds the hours as [project, workspace, start]. */
const FORGET = `DELETE FROM rollup WHERE org_id = ?1 AND kind = 'trace'
AND (hour_ms, project_id) IN (SELECT value ->> 2, value ->> 0 FROM json_each(?2) WHERE ${isKept('value')})`
const SUM = `INSERT INTO rollup (org_id, kind, hour_ms, project_id, workspace_id, ${GROUP_DIMENSIONS.join(', ')}, ${SUMS.join(', ')}, latency_hist)
SELECT ?1, 'trace', hour_ms, project_id, workspace_id, ${GROUP_DIMENSIONS.map((name) => (name in LABELS ? name : `''`)).join(', ')},
  ${SUMS.map((name) => `sum(${name})`).join(', ')}, json_group_object(bucket, latency_n) FILTER (WHERE bucket IS NOT NULL)
FROM (SELECT k.value ->> 2 AS hour_ms, k.value ->> 0 AS project_id, k.value ->> 1 AS workspace_id,
    ${Object.entries(LABELS)
      .map(([name, of]) => `${of} AS ${name}`)
      .join(', ')},
    ${Object.entries(TRACE_SUMS)
      .map(([name, of]) => `sum(${of}) AS ${name}`)
      .join(', ')},
    iif(t.complete = 1, ${tookSql()}, NULL) AS bucket
  FROM json_each(?2) k CROSS JOIN trace t
  ON t.project_id = k.value ->> 0 AND t.sort_ms >= k.value ->> 2 AND t.sort_ms < (k.value ->> 2) + ${HOUR_MS}
  WHERE t.ended_ms > 0 AND ${isKept('k.value')} GROUP BY ${GROUP}, bucket)
GROUP BY ${GROUP}`

type Hour = [projectId: string, workspaceId: string, hourMs: number]

/**
 * Makes the hours anew in which traces were added or changed, from the trace table, after the delta log. Several may run
 * at once, and any number of times: an hour is always what its traces are at that moment.
 */
export function traceRollup(db: D1Database) {
  return {
    /** Organizations whose waiting deltas are many or old, or touch hours of many traces. */
    async due(nowMs: number): Promise<string[]> {
      const waiting = 'd.org_id = at.id AND d.seq > at.seq'
      const found = await db
        .prepare(
          `WITH RECURSIVE org(id) AS (
             SELECT min(org_id) FROM delta UNION ALL
             SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL),
           at AS (SELECT org.id, coalesce(p.seq, 0) AS seq FROM org LEFT JOIN progress p ON p.org_id = org.id AND p.job = '${TRACE_JOB}'
             WHERE org.id IS NOT NULL AND org.id NOT IN (SELECT org_id FROM moving)),
           late AS (SELECT at.id, at.seq, (SELECT d.seq FROM delta d WHERE ${waiting} ORDER BY d.seq LIMIT 1) AS oldest,
             (SELECT count(*) FROM (SELECT 1 FROM delta d WHERE ${waiting} LIMIT ${DELTAS_WAITING})) AS n FROM at)
           SELECT at.id AS org_id FROM late at WHERE at.oldest < ?1 OR at.n = ${DELTAS_WAITING} OR (at.oldest < ?2 AND (
             SELECT sum(r.n) FROM (SELECT DISTINCT d.project_id, h.value AS hour_ms FROM delta d CROSS JOIN json_each(d.trace_hours) h WHERE ${waiting}) b
             CROSS JOIN rollup r ON r.org_id = at.id AND r.kind = 'trace' AND r.hour_ms = b.hour_ms AND r.project_id = b.project_id) > ${STALE_TRACES_MAX})`,
        )
        .bind(nowMs - OLDEST_MS, nowMs - BUSY_OLDEST_MS)
        .all<{ org_id: string }>()
      return found.results.map((row) => row.org_id)
    },

    /** One run for one organization; whether more waits. Killed anywhere, the hours that are done are done rightly. */
    async roll(orgId: string): Promise<boolean> {
      const next = await nextHours(db, orgId)
      if (next.to === next.from) return false
      try {
        // Also where no trace was touched: the progress is what lets deltas go.
        for (let i = 0; i === 0 || i < next.hours.length; i += HOURS_PER_BATCH) {
          const part = next.hours.slice(i, i + HOURS_PER_BATCH)
          const hours = JSON.stringify(part)
          const isLast = i + HOURS_PER_BATCH >= next.hours.length
          await db.batch([
            db.prepare(FORGET).bind(orgId, hours),
            db.prepare(SUM).bind(orgId, hours),
            ...repack(
              db,
              orgId,
              part.map(([, , hour]) => hour),
            ),
            advanceProgress(db, orgId, TRACE_JOB, next.from, isLast ? next.to : next.from),
          ])
        }
        return next.more
      } catch (error) {
        if (isOvertaken(error)) return true
        throw error
      }
    },
  }
}

interface NextHours {
  from: number
  to: number
  hours: Hour[]
  more: boolean
}

/** The hours that the oldest waiting commits touched; the projects of one commit share a seq and stay together. */
async function nextHours(db: D1Database, orgId: string): Promise<NextHours> {
  const [progress, waiting] = (await db.batch([
    db.prepare(`SELECT seq FROM progress WHERE org_id = ?1 AND job = '${TRACE_JOB}'`).bind(orgId),
    db
      .prepare(
        `SELECT DISTINCT seq FROM delta WHERE org_id = ?1
         AND seq > coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = '${TRACE_JOB}'), 0) ORDER BY seq LIMIT ?2`,
      )
      .bind(orgId, DELTAS_PER_RUN),
  ])) as [D1Result<{ seq: number }>, D1Result<{ seq: number }>]
  const from = progress.results[0]?.seq ?? 0
  const to = waiting.results.at(-1)?.seq ?? from
  const touched = await db
    .prepare(
      `SELECT d.project_id, max(d.workspace_id) AS workspace_id, h.value AS hour_ms FROM delta d CROSS JOIN json_each(d.trace_hours) h
       WHERE d.org_id = ?1 AND d.seq > ?2 AND d.seq <= ?3
       AND h.value >= coalesce((SELECT traces_from_ms FROM retention r WHERE r.project_id = d.project_id), 0)
       GROUP BY d.project_id, h.value`,
    )
    .bind(orgId, from, to)
    .all<{ project_id: string; workspace_id: string; hour_ms: number }>()
  return {
    from,
    to,
    hours: touched.results.map((row) => [row.project_id, row.workspace_id, row.hour_ms]),
    more: waiting.results.length === DELTAS_PER_RUN,
  }
}
