import { DAY_MS, DeltaMerge, HOUR_MS, parseMoney, type Place, type RollupRow } from '../../domain/rollup-merge.ts'
import { GROUP_DIMENSIONS, type CountTuple, type MoneyTuple } from '../../domain/rollup-row.ts'
import { advanceProgress, isOvertaken } from './progress.ts'
import { DAY_JOB, DAY_TIER, ROLLUP_JOB } from './rollup-read.ts'
import { TRACE_JOB } from './trace-sums.ts'

/** Merge when this many deltas wait, or the oldest is this old: sparse tenants do not pay for every minute. */
const DELTAS_WAITING = 64
const OLDEST_MS = 600_000
const DELTAS_PER_RUN = 256
/** Deltas are read this many characters at a time. */
const PAGE_CHARS_MAX = 4_000_000
const PARAMETER_CHARS_MAX = 900_000
/** Minute resolution is read from deltas, so they stay this long after every job has passed them. */
const DELTAS_KEPT_MS = 3 * DAY_MS
const PRUNE_MAX = 2000

const SUMS = [
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
] as const
const COLUMNS = ['kind', 'hour_ms', 'project_id', 'workspace_id', ...GROUP_DIMENSIONS, ...SUMS, 'latency_hist'] as const

// Amounts travel as text: a sum may pass 2^53.
const VALUES = COLUMNS.map((name, i) =>
  name === 'cost_nanousd' ? `CAST(value ->> ${i} AS INTEGER)` : `value ->> ${i}`,
).join(', ')
/** Adds a row to the one that is there. */
export const ROLLUP_MERGE = `ON CONFLICT DO UPDATE SET ${SUMS.map((c) => `${c} = ${c} + excluded.${c}`).join(', ')},
latency_hist = CASE '{}' WHEN excluded.latency_hist THEN latency_hist WHEN latency_hist THEN excluded.latency_hist ELSE
  (SELECT json_group_object(key, n) FROM (SELECT key, sum(value) n FROM
    (SELECT key, value FROM json_each(rollup.latency_hist) UNION ALL SELECT key, value FROM json_each(excluded.latency_hist)) GROUP BY key)) END`
const UPSERT = `INSERT INTO rollup (org_id, ${COLUMNS.join(', ')}) SELECT ?2, ${VALUES} FROM jsonb_each(jsonb(?1)) WHERE true ${ROLLUP_MERGE}`

interface DeltaRow {
  project_id: string
  workspace_id: string
  counts: string
  money: string
}

/** Merges deltas of one shard into hourly rows. Several may run at once: the one that was overtaken changes nothing. */
export function rollupStore(db: D1Database) {
  return {
    /** Organizations whose waiting deltas are many or old; one seek per organization, whatever the number of deltas. */
    async due(nowMs: number): Promise<string[]> {
      const found = await db
        .prepare(
          `WITH RECURSIVE org(id) AS (
             SELECT min(org_id) FROM delta UNION ALL
             SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL),
           at AS (SELECT org.id, coalesce(p.seq, 0) AS seq FROM org LEFT JOIN progress p ON p.org_id = org.id AND p.job = '${ROLLUP_JOB}' WHERE org.id IS NOT NULL AND org.id NOT IN (SELECT org_id FROM moving))
           SELECT at.id AS org_id FROM at WHERE
             (SELECT d.seq FROM delta d WHERE d.org_id = at.id AND d.seq > at.seq ORDER BY d.seq LIMIT 1) < ?1
             OR (SELECT count(*) FROM (SELECT 1 FROM delta d WHERE d.org_id = at.id AND d.seq > at.seq LIMIT ${DELTAS_WAITING})) = ${DELTAS_WAITING}`,
        )
        .bind(nowMs - OLDEST_MS)
        .all<{ org_id: string }>()
      return found.results.map((row) => row.org_id)
    },

    /** One run for one organization; whether more is left to merge. Killed anywhere, it has done all or nothing. */
    async roll(orgId: string): Promise<boolean> {
      const next = await nextDeltas(db, orgId)
      if (next.to === next.from) return false
      const hours = new DeltaMerge(HOUR_MS)
      const days = new DeltaMerge(DAY_MS)
      await mergePages(db, orgId, next, next.packed === 0 ? [hours] : [hours, days])
      // Days that are packed have rows of their own (rollup-days.ts); the others will take their hours along.
      const late = days.rows().filter((row) => row.kind !== 'user' && row.bucket_ms < next.packed)
      const statements = [...upserts(db, orgId, hours.rows(), ''), ...upserts(db, orgId, late, DAY_TIER)]
      try {
        await db.batch([...statements, advanceProgress(db, orgId, ROLLUP_JOB, next.from, next.to)])
        return next.more
      } catch (error) {
        if (isOvertaken(error)) return true
        throw error
      }
    },

    /** Removes old deltas that every job has passed. */
    async prune(nowMs: number): Promise<void> {
      await db
        .prepare(
          `DELETE FROM delta WHERE (org_id, seq, project_id) IN (
             SELECT d.org_id, d.seq, d.project_id FROM delta d WHERE d.seq < ?1 AND d.org_id NOT IN (SELECT org_id FROM moving) AND d.seq <=
               (SELECT min(p.seq) FROM progress p WHERE p.org_id = d.org_id AND p.job IN ('${ROLLUP_JOB}', '${TRACE_JOB}', 'archive', 'budget') HAVING count(*) = 4) LIMIT ${PRUNE_MAX})`,
        )
        .bind(nowMs - DELTAS_KEPT_MS)
        .run()
    },
  }
}

interface NextDeltas {
  from: number
  to: number
  /** Last seq of each page of deltas. */
  pages: number[]
  /** The end of the days that are packed. */
  packed: number
  more: boolean
}

/** The oldest waiting deltas, as many as fit one run; the projects of one commit share a seq and stay together. */
async function nextDeltas(db: D1Database, orgId: string): Promise<NextDeltas> {
  const progress = await db
    .prepare(`SELECT job, seq FROM progress WHERE org_id = ?1 AND job IN ('${ROLLUP_JOB}', '${DAY_JOB}')`)
    .bind(orgId)
    .all<{ job: string; seq: number }>()
  const seqOf = (job: string) => progress.results.find((row) => row.job === job)?.seq ?? 0
  const from = seqOf(ROLLUP_JOB)
  const sizes = await db
    .prepare(
      `SELECT seq, sum(length(counts) + length(money)) AS chars FROM delta WHERE org_id = ?1 AND seq > ?2 GROUP BY seq ORDER BY seq LIMIT ?3`,
    )
    .bind(orgId, from, DELTAS_PER_RUN)
    .all<{ seq: number; chars: number }>()
  const pages: number[] = []
  let chars = 0
  for (const size of sizes.results) {
    chars += size.chars
    if (pages.length > 0 && chars <= PAGE_CHARS_MAX) pages[pages.length - 1] = size.seq
    else {
      pages.push(size.seq)
      chars = size.chars
    }
  }
  const more = sizes.results.length === DELTAS_PER_RUN
  return { from, to: pages.at(-1) ?? from, pages, packed: seqOf(DAY_JOB), more }
}

/** Counts are summed page by page; money waits for all of them (DeltaMerge), which is less. */
async function mergePages(
  db: D1Database,
  orgId: string,
  { from, pages }: NextDeltas,
  merges: readonly DeltaMerge[],
): Promise<void> {
  const waiting: [Place, MoneyTuple[]][] = []
  let after = from
  for (const upTo of pages) {
    const found = await db
      .prepare(
        'SELECT project_id, workspace_id, counts, money FROM delta WHERE org_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq',
      )
      .bind(orgId, after, upTo)
      .all<DeltaRow>()
    for (const { project_id, workspace_id, counts, money } of found.results) {
      const place = { project_id, workspace_id }
      const tuples = JSON.parse(counts) as CountTuple[]
      for (const merge of merges) merge.addCounts(place, tuples)
      waiting.push([place, parseMoney(money)])
    }
    after = upTo
  }
  for (const [place, money] of waiting) for (const merge of merges) merge.addMoney(place, money)
}

/** Statements whose parameters stay below D1's 2 MB. */
function upserts(db: D1Database, orgId: string, rows: readonly RollupRow[], tier: string): D1PreparedStatement[] {
  const statements: D1PreparedStatement[] = []
  let part: string[] = []
  let chars = 0
  const flush = () => {
    if (part.length > 0) statements.push(db.prepare(UPSERT).bind(`[${part.join(',')}]`, orgId))
    part = []
    chars = 0
  }
  for (const row of rows) {
    const text = JSON.stringify(tupleOf(row, tier))
    if (chars + text.length > PARAMETER_CHARS_MAX) flush()
    part.push(text)
    chars += text.length
  }
  flush()
  return statements
}

function tupleOf(row: RollupRow, tier: string): unknown[] {
  return [
    row.kind + tier,
    row.bucket_ms,
    row.project_id,
    row.workspace_id,
    ...GROUP_DIMENSIONS.map((name) => row[name]),
    ...SUMS.map((name) => (name === 'cost_nanousd' ? row[name].toString() : row[name])),
    JSON.stringify(row.latency_hist),
  ]
}
