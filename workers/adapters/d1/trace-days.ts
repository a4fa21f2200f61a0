import { DAY_MS } from '../../domain/rollup-merge.ts'
import { GROUP_DIMENSIONS } from '../../domain/rollup-row.ts'
import { advanceProgress, isOvertaken } from './progress.ts'
import { BUSY_ROWS, daysBehind, DAYS_PER_RUN, firstDay, settledDay, SUMS } from './rollup-days.ts'
import { DAY_TIER } from './rollup-read.ts'
import { TRACE_DAY_JOB } from './trace-sums.ts'

const KEY = ['project_id', 'workspace_id', ...GROUP_DIMENSIONS].join(', ')
/** ?2 holds the starts of days; of these, those that are packed. */
const PACKED = `coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = '${TRACE_DAY_JOB}'), 0)`
const FORGET = `DELETE FROM rollup WHERE org_id = ?1 AND kind = 'trace${DAY_TIER}'
AND hour_ms IN (SELECT value FROM json_each(?2) WHERE value < ${PACKED})`
const PACK = `INSERT INTO rollup (org_id, kind, hour_ms, ${KEY}, ${SUMS.join(', ')}, latency_hist)
SELECT ?1, 'trace${DAY_TIER}', day_ms, ${KEY}, ${SUMS.join(', ')}, coalesce(
  (SELECT json_group_object(key, n) FROM (SELECT b.key, sum(b.value) n FROM json_each('[' || hists || ']') h, json_each(h.value) b GROUP BY b.key)), '{}')
FROM (SELECT d.value AS day_ms, ${KEY}, ${SUMS.map((name) => `sum(${name}) AS ${name}`).join(', ')}, group_concat(nullif(latency_hist, '{}')) AS hists
  FROM json_each(?2) d CROSS JOIN rollup r ON r.org_id = ?1 AND r.kind = 'trace' AND r.hour_ms >= d.value AND r.hour_ms < d.value + ${DAY_MS}
  WHERE d.value < ${PACKED} GROUP BY day_ms, ${KEY})`

/** Makes days anew from their hours, those that are packed; to be run in the batch that changed the hours. */
export function repack(db: D1Database, orgId: string, hours: readonly number[]): D1PreparedStatement[] {
  const days = JSON.stringify([...new Set(hours.map((ms) => ms - (ms % DAY_MS)))])
  return [db.prepare(FORGET).bind(orgId, days), db.prepare(PACK).bind(orgId, days)]
}

/**
 * Packs past UTC days of whole traces, as rollup-days.ts does for other kinds. What changes in them later makes their
 * hours anew, and in the same batch the day.
 */
export function traceDays(db: D1Database, busyRows = BUSY_ROWS) {
  return {
    async pack(nowMs: number): Promise<{ days: number }> {
      const until = settledDay(nowMs)
      let days = 0
      for (const { org_id, packed } of await daysBehind(db, until, TRACE_DAY_JOB)) {
        const first = packed ?? (await firstDay(db, org_id, until, busyRows, ['trace']))
        if (first !== null) days += await packOrg(db, org_id, packed ?? 0, first, until)
      }
      return { days }
    },
  }
}

async function packOrg(db: D1Database, orgId: string, packed: number, first: number, until: number): Promise<number> {
  let from = packed
  let days = 0
  for (let day = first; day < until && days < DAYS_PER_RUN; day += DAY_MS) {
    try {
      await db.batch([advanceProgress(db, orgId, TRACE_DAY_JOB, from, day + DAY_MS), ...repack(db, orgId, [day])])
    } catch (error) {
      if (isOvertaken(error)) return days
      throw error
    }
    from = day + DAY_MS
    days++
  }
  return days
}
