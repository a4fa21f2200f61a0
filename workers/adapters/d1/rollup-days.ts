import { KINDS, type Kind } from '../../contract/metrics.ts'
import { DAY_MS } from '../../domain/rollup-merge.ts'
import { GROUP_DIMENSIONS } from '../../domain/rollup-row.ts'
import { isOvertaken } from './progress.ts'
import { DAY_JOB, DAY_TIER, ROLLUP_JOB } from './rollup-read.ts'
import { rollupStore } from './rollup-store.ts'

/**
 * Users are read one by one, not summed over days; their days would be nearly as many as their hours. Traces are packed
 * by trace-days.ts.
 */
const PACKED = KINDS.filter((kind) => kind !== 'user' && kind !== 'trace')
/** A day is packed when it ended this long ago. */
const SETTLE_MS = 6 * 3_600_000
/** Packing starts when a month of hours is this many rows: below, reading the hours is as fast and costs no rows. */
export const BUSY_ROWS = 20_000
const BUSY_DAYS = 30
export const DAYS_PER_RUN = 60

export const SUMS = [
  'n',
  'errors',
  'successes',
  'cost_nanousd',
  'paid',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'latency_sum_ms',
  'latency_n',
]
const KEY = ['project_id', 'workspace_id', ...GROUP_DIMENSIONS].join(', ')

const PACK = `INSERT INTO rollup (org_id, kind, hour_ms, ${KEY}, ${SUMS.join(', ')}, latency_hist)
SELECT ?1, kind || '${DAY_TIER}', ?2, ${KEY}, ${SUMS.join(', ')}, coalesce(
  (SELECT json_group_object(key, n) FROM (SELECT b.key, sum(b.value) n FROM json_each('[' || hists || ']') h, json_each(h.value) b GROUP BY b.key)), '{}')
FROM (SELECT r.kind, ${KEY}, ${SUMS.map((name) => `sum(${name}) AS ${name}`).join(', ')}, group_concat(nullif(latency_hist, '{}')) AS hists
  FROM json_each(?3) k CROSS JOIN rollup r ON r.org_id = ?1 AND r.kind = k.value AND r.hour_ms >= ?2 AND r.hour_ms < ?2 + ${DAY_MS}
  GROUP BY r.kind, ${KEY})`

// A delta that still waits and reaches into these days would miss them: the roller read how far they are packed
// before. Then the CHECK fails, and the batch with it. As in progress.ts, the comparison belongs into the row itself.
const ADVANCE = `INSERT INTO progress (org_id, job, seq, was_expected)
SELECT ?1, '${DAY_JOB}', ?3, coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = '${DAY_JOB}'), 0) = ?2
  AND NOT EXISTS (SELECT 1 FROM delta d WHERE d.org_id = ?1 AND d.min_ms < ?3
    AND d.seq > coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = '${ROLLUP_JOB}'), 0))
WHERE true ON CONFLICT (org_id, job) DO UPDATE SET seq = excluded.seq`

/**
 * Packs the hours of past UTC days into one row per group and day, for organizations that are busy enough: a
 * month's overview then reads days. Hours stay. Late events of packed days are added to both by the roller.
 */
export function rollupDays(db: D1Database, busyRows = BUSY_ROWS) {
  return {
    async pack(nowMs: number): Promise<{ days: number }> {
      const until = settledDay(nowMs)
      let days = 0
      for (const { org_id, packed } of await daysBehind(db, until, DAY_JOB)) {
        while (await rollupStore(db).roll(org_id));
        const first = packed ?? (await firstDay(db, org_id, until, busyRows, PACKED))
        if (first !== null) days += await packOrg(db, org_id, packed ?? 0, first, until)
      }
      return { days }
    },
  }
}

/** The end of the days that ended long enough ago, epoch milliseconds. */
export function settledDay(nowMs: number): number {
  return Math.floor((nowMs - SETTLE_MS) / DAY_MS) * DAY_MS
}

async function packOrg(db: D1Database, orgId: string, packed: number, first: number, until: number): Promise<number> {
  let from = packed
  let days = 0
  for (let day = first; day < until && days < DAYS_PER_RUN; day += DAY_MS) {
    try {
      await db.batch([
        db.prepare(PACK).bind(orgId, day, JSON.stringify(PACKED)),
        db.prepare(ADVANCE).bind(orgId, from, day + DAY_MS),
      ])
    } catch (error) {
      if (isOvertaken(error)) return days
      throw error
    }
    from = day + DAY_MS
    days++
  }
  return days
}

/** Organizations with recent commits whose days are not packed so far; `packed` is null where packing never began. */
export async function daysBehind(
  db: D1Database,
  until: number,
  job: string,
): Promise<{ org_id: string; packed: number | null }[]> {
  const found = await db
    .prepare(
      `WITH RECURSIVE org(id) AS (
         SELECT min(org_id) FROM delta UNION ALL
         SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL)
       SELECT org.id AS org_id, p.seq AS packed FROM org LEFT JOIN progress p ON p.org_id = org.id AND p.job = ?2
       WHERE org.id IS NOT NULL AND org.id NOT IN (SELECT org_id FROM moving) AND coalesce(p.seq, 0) < ?1`,
    )
    .bind(until, job)
    .all<{ org_id: string; packed: number | null }>()
  return found.results
}

/** The first day that has rows, null when the organization is not busy enough. */
export async function firstDay(
  db: D1Database,
  orgId: string,
  until: number,
  busyRows: number,
  of: readonly Kind[],
): Promise<number | null> {
  const kinds = JSON.stringify(of)
  const busy = await db
    .prepare(
      `SELECT count(*) AS n FROM (SELECT 1 FROM json_each(?2) k CROSS JOIN rollup r ON r.org_id = ?1 AND r.kind = k.value
       AND r.hour_ms >= ?3 AND r.hour_ms < ?4 LIMIT ?5)`,
    )
    .bind(orgId, kinds, until - BUSY_DAYS * DAY_MS, until, busyRows)
    .first<{ n: number }>()
  if ((busy?.n ?? 0) < busyRows) return null
  const first = await db
    .prepare(
      `SELECT min((SELECT min(r.hour_ms) FROM rollup r WHERE r.org_id = ?1 AND r.kind = k.value)) AS hour_ms FROM json_each(?2) k`,
    )
    .bind(orgId, kinds)
    .first<{ hour_ms: number | null }>()
  return first?.hour_ms == null ? null : Math.floor(first.hour_ms / DAY_MS) * DAY_MS
}
