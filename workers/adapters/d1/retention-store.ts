import { KINDS } from '../../contract/metrics.ts'
import type { RetentionDeps, RetentionState, Removed, RetainedProject } from '../../services/retention/enforce.ts'
import { DAY_MS } from '../../domain/rollup-merge.ts'
import { DAY_TIER } from './rollup-read.ts'

const BATCHES_LOOKED_AT = 5000
const TRACES_REMOVED = 2000
const NOTHING: Removed = { removed: 0, next: null }
const ROLLUP_KINDS = KINDS.flatMap((kind) => [kind, kind + DAY_TIER])

interface Row {
  project_id: string
  step: RetentionState['step']
  cursor: string | null
  counts: string
  removed: string
  checked_ms: number | null
  removed_ms: number | null
}

/** How far retention has come with each project of a shard. */
export function retentionStates(db: D1Database): Pick<RetentionDeps, 'states' | 'save' | 'archivedMs'> {
  return {
    async states() {
      const found = await db.prepare('SELECT * FROM retention').all<Row>()
      return new Map(found.results.map((row) => [row.project_id, stateOf(row)]))
    },
    async save({ id, orgId }, { step, cursor, counts, removed, checkedMs, removedMs }) {
      await db
        .prepare(
          `INSERT INTO retention (project_id, org_id, step, cursor, counts, removed, checked_ms, removed_ms)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET step = excluded.step, cursor = excluded.cursor,
           counts = excluded.counts, removed = excluded.removed, checked_ms = excluded.checked_ms, removed_ms = excluded.removed_ms`,
        )
        .bind(id, orgId, step, cursor, JSON.stringify(counts), JSON.stringify(removed), checkedMs, removedMs)
        .run()
    },
    async archivedMs(orgId) {
      const row = await db
        .prepare(`SELECT seq FROM progress WHERE org_id = ?1 AND job = 'archive'`)
        .bind(orgId)
        .first<{ seq: number }>()
      return row?.seq ?? 0
    },
  }
}

/** One project's state. */
export async function retentionState(db: D1Database, orgId: string, projectId: string): Promise<RetentionState | null> {
  const row = await db
    .prepare('SELECT * FROM retention WHERE project_id = ?1 AND org_id = ?2')
    .bind(projectId, orgId)
    .first<Row>()
  return row && stateOf(row)
}

/** Removing from the tables of a shard. */
export function retentionTables(db: D1Database): Pick<RetentionDeps['remove'], 'events' | 'traces' | 'metrics'> {
  return {
    async events({ id }, { events, batches }, after) {
      if (events === null) return NOTHING
      const page = await db
        .prepare(
          'SELECT batch_id FROM batch WHERE project_id = ?1 AND batch_id > ?2 ORDER BY batch_id LIMIT 1 OFFSET ?3',
        )
        .bind(id, after ?? '', BATCHES_LOOKED_AT - 1)
        .first<{ batch_id: string }>()
      // Batch ids are hexadecimal, perhaps with a part's number.
      const end = page?.batch_id ?? '~'
      const range = 'project_id = ?1 AND batch_id > ?2 AND batch_id <= ?3'
      const [emptied] = await db.batch([
        db
          .prepare(`UPDATE batch SET body = NULL WHERE ${range} AND applied_ms < ?4 AND body IS NOT NULL`)
          .bind(id, after ?? '', end, events),
        db
          .prepare(`DELETE FROM batch WHERE ${range} AND applied_ms < ?4 AND body IS NULL`)
          .bind(id, after ?? '', end, batches ?? 0),
      ])
      return { removed: emptied?.meta.changes ?? 0, next: page?.batch_id ?? null }
    },
    async traces({ id, orgId }, { traces }) {
      if (traces === null) return NOTHING
      const [, removed] = await db.batch([
        // Sums of hours outlive their traces: they are not made anew of those that are left (trace-rollup.ts).
        db
          .prepare(
            `INSERT INTO retention (project_id, org_id, counts, removed, traces_from_ms)
             SELECT ?1, ?2, '{}', '{}', ?3 WHERE EXISTS (SELECT 1 FROM trace WHERE project_id = ?1 AND sort_ms < ?3)
             ON CONFLICT DO UPDATE SET traces_from_ms = max(traces_from_ms, excluded.traces_from_ms)`,
          )
          .bind(id, orgId, traces),
        db
          .prepare(
            `DELETE FROM trace WHERE (project_id, sort_ms, trace_id) IN
             (SELECT project_id, sort_ms, trace_id FROM trace WHERE project_id = ?1 AND sort_ms < ?2 ORDER BY sort_ms LIMIT ?3)`,
          )
          .bind(id, traces, TRACES_REMOVED),
      ])
      const changes = removed?.meta.changes ?? 0
      return { removed: changes, next: changes < TRACES_REMOVED ? null : 'more' }
    },
    metrics: (project, { metrics }, after) => removeRollups(db, project, metrics, after),
  }
}

/** A day of one kind at a time. */
async function removeRollups(
  db: D1Database,
  { id, orgId }: RetainedProject,
  cutoff: number | null,
  after: string | null,
): Promise<Removed> {
  if (cutoff === null) return NOTHING
  const at = Number(after ?? 0)
  const kind = ROLLUP_KINDS[at]
  if (kind === undefined) return NOTHING
  const first = await db
    .prepare(
      'SELECT hour_ms FROM rollup WHERE org_id = ?1 AND kind = ?2 AND hour_ms < ?3 AND project_id = ?4 ORDER BY hour_ms LIMIT 1',
    )
    .bind(orgId, kind, cutoff, id)
    .first<{ hour_ms: number }>()
  if (first === null) return { removed: 0, next: at + 1 < ROLLUP_KINDS.length ? String(at + 1) : null }
  const removed = await db
    .prepare(
      'DELETE FROM rollup WHERE org_id = ?1 AND kind = ?2 AND hour_ms >= ?3 AND hour_ms < ?4 AND project_id = ?5',
    )
    .bind(orgId, kind, first.hour_ms, Math.min(cutoff, first.hour_ms + DAY_MS), id)
    .run()
  return { removed: removed.meta.changes, next: String(at) }
}

function stateOf(row: Row): RetentionState {
  return {
    step: row.step,
    cursor: row.cursor,
    counts: JSON.parse(row.counts) as RetentionState['counts'],
    removed: JSON.parse(row.removed) as RetentionState['removed'],
    checkedMs: row.checked_ms,
    removedMs: row.removed_ms,
  }
}
