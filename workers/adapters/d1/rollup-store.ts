import { HOUR_MS, mergeDeltas, type DeltaGroups, type RollupRow } from '../../domain/rollup-merge.ts'
import { GROUP_DIMENSIONS } from '../../domain/rollup-row.ts'
import { advanceProgress } from './progress.ts'

const JOB = 'rollup'
/** Merge when this many deltas wait, or the oldest is this old: sparse tenants do not pay for every minute. */
const DELTAS_WAITING = 64
const OLDEST_MS = 600_000
const DELTAS_PER_RUN = 256
const ROWS_PER_STATEMENT = 2500
/** Minute resolution is read from deltas, so they stay this long after every job has passed them. */
const DELTAS_KEPT_MS = 3 * 86_400_000
const PRUNE_MAX = 2000

const SUMS = [
  'n', 'errors', 'successes', 'cost_nanousd', 'paid', 'unpriced', 'tokens_prompt', 'tokens_completion', 'tokens_cached',
  'tokens_cache_write', 'tokens_reasoning', 'latency_sum_ms', 'latency_n',
] as const
const COLUMNS = ['kind', 'hour_ms', 'project_id', 'workspace_id', ...GROUP_DIMENSIONS, ...SUMS, 'latency_hist']

const UPSERT = `INSERT INTO rollup (org_id, ${COLUMNS.join(', ')})
SELECT ?2, ${COLUMNS.map((_, i) => `value ->> ${i}`).join(', ')} FROM jsonb_each(jsonb(?1)) WHERE true
ON CONFLICT DO UPDATE SET ${SUMS.map((c) => `${c} = ${c} + excluded.${c}`).join(', ')},
latency_hist = CASE '{}' WHEN excluded.latency_hist THEN latency_hist WHEN latency_hist THEN excluded.latency_hist ELSE
  (SELECT json_group_object(key, n) FROM (SELECT key, sum(value) n FROM
    (SELECT key, value FROM json_each(rollup.latency_hist) UNION ALL SELECT key, value FROM json_each(excluded.latency_hist)) GROUP BY key)) END`

interface DeltaRow {
  seq: number
  project_id: string
  workspace_id: string
  counts: string
  money: string
}

/** Merges deltas of one shard into hourly rows. Several may run at once: the one that was overtaken changes nothing. */
export function rollupStore(db: D1Database) {
  return {
    /** Organizations whose waiting deltas are many or old; one seek per organization. */
    async due(nowMs: number): Promise<string[]> {
      const found = await db
        .prepare(
          `WITH RECURSIVE org(id) AS (
             SELECT min(org_id) FROM delta UNION ALL
             SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL),
           at AS (SELECT org.id, coalesce(p.seq, 0) AS seq FROM org LEFT JOIN progress p ON p.org_id = org.id AND p.job = '${JOB}' WHERE org.id IS NOT NULL)
           SELECT at.id AS org_id FROM at WHERE
             (SELECT d.seq FROM delta d WHERE d.org_id = at.id AND d.seq > at.seq ORDER BY d.seq LIMIT 1) < ?1
             OR (SELECT count(*) FROM (SELECT 1 FROM delta d WHERE d.org_id = at.id AND d.seq > at.seq LIMIT ${DELTAS_WAITING})) = ${DELTAS_WAITING}`,
        )
        .bind(nowMs - OLDEST_MS)
        .all<{ org_id: string }>()
      return found.results.map((row) => row.org_id)
    },

    /** One run for one organization; false when nothing was left to merge. */
    async roll(orgId: string): Promise<boolean> {
      const from = await progressOf(db, orgId)
      const found = await db
        .prepare(`SELECT seq, project_id, workspace_id, counts, money FROM delta WHERE org_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3`)
        .bind(orgId, from, DELTAS_PER_RUN)
        .all<DeltaRow>()
      const deltas = wholeCommits(found.results)
      const to = deltas.at(-1)?.seq
      if (to === undefined) return false
      const rows = mergeDeltas(deltas.map(parseDelta), HOUR_MS).map(tupleOf)
      const statements = []
      for (let i = 0; i < rows.length; i += ROWS_PER_STATEMENT) statements.push(db.prepare(UPSERT).bind(JSON.stringify(rows.slice(i, i + ROWS_PER_STATEMENT)), orgId))
      await db.batch([...statements, advanceProgress(db, orgId, JOB, from, to)])
      return found.results.length === DELTAS_PER_RUN
    },

    /** Deltas that are not merged yet, as groups, with the seq that they reach. */
    async waiting(orgId: string): Promise<{ groups: DeltaGroups[]; key: string }> {
      const found = await db
        .prepare(
          `SELECT seq, project_id, workspace_id, counts, money FROM delta
           WHERE org_id = ?1 AND seq > coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = '${JOB}'), 0) ORDER BY seq`,
        )
        .bind(orgId)
        .all<DeltaRow>()
      return { groups: found.results.map(parseDelta), key: `${orgId} ${found.results[0]?.seq ?? 0} ${found.results.length}` }
    },

    /** Deltas that may hold events of [from, to): an event cannot be applied before it happened (10 minutes of skew). */
    async between(orgId: string, fromMs: number, toMs: number): Promise<DeltaGroups[]> {
      const found = await db
        .prepare(`SELECT seq, project_id, workspace_id, counts, money FROM delta WHERE org_id = ?1 AND seq >= ?2 AND max_ms >= ?3 AND min_ms < ?4`)
        .bind(orgId, fromMs - 660_000, fromMs, toMs)
        .all<DeltaRow>()
      return found.results.map(parseDelta)
    },

    /** Removes old deltas that every job has passed. */
    async prune(nowMs: number): Promise<void> {
      await db
        .prepare(
          `DELETE FROM delta WHERE (org_id, seq, project_id) IN (
             SELECT d.org_id, d.seq, d.project_id FROM delta d WHERE d.seq < ?1 AND d.seq <=
               (SELECT min(p.seq) FROM progress p WHERE p.org_id = d.org_id AND p.job IN ('rollup', 'archive', 'budget') HAVING count(*) = 3) LIMIT ${PRUNE_MAX})`,
        )
        .bind(nowMs - DELTAS_KEPT_MS)
        .run()
    },
  }
}

async function progressOf(db: D1Database, orgId: string): Promise<number> {
  const row = await db.prepare(`SELECT seq FROM progress WHERE org_id = ?1 AND job = '${JOB}'`).bind(orgId).first<{ seq: number }>()
  return row?.seq ?? 0
}

/** The projects of one commit share a seq: a page that may end inside a commit leaves that commit out. */
function wholeCommits(rows: DeltaRow[]): DeltaRow[] {
  const last = rows.at(-1)?.seq
  return rows.length < DELTAS_PER_RUN || rows[0]?.seq === last ? rows : rows.filter((row) => row.seq !== last)
}

function parseDelta(row: DeltaRow): DeltaGroups & { seq: number } {
  return { seq: row.seq, project_id: row.project_id, workspace_id: row.workspace_id, counts: JSON.parse(row.counts) as DeltaGroups['counts'], money: JSON.parse(row.money) as DeltaGroups['money'] }
}

function tupleOf(row: RollupRow): unknown[] {
  return [
    row.kind, row.bucket_ms, row.project_id, row.workspace_id, ...GROUP_DIMENSIONS.map((name) => row[name]), ...SUMS.map((name) => row[name]),
    JSON.stringify(row.latency_hist),
  ]
}
