import type { Cell } from '../../contract/tenant.ts'
import type { MoveCursor, MoveJob, MoveStore } from '../../services/move/port.ts'

interface Row {
  id: string
  org_id: string
  from_cell: Cell
  from_shard: number
  to_cell: Cell
  to_shard: number
  state: MoveJob['state']
  step: MoveJob['step']
  cursor: string
  numbers: string
  detail: string | null
  created_ms: number
  updated_ms: number
  frozen_ms: number | null
  switched_ms: number | null
  cancel_ms: number | null
  ended_ms: number | null
  version: number
}

/** Moves of organizations, in the control database. */
export function moveStore(db: D1Database): MoveStore {
  return { ...reading(db), ...writing(db) }
}

/** Whether an organization has ever lived in another cell. */
export async function hasMoved(db: D1Database, orgId: string): Promise<boolean> {
  const row = await db
    .prepare('SELECT 1 FROM org_move WHERE org_id = ?1 AND switched_ms IS NOT NULL LIMIT 1')
    .bind(orgId)
    .first()
  return row !== null
}

function reading(db: D1Database): Pick<MoveStore, 'newest' | 'idle' | 'projects'> {
  return {
    async newest(orgId) {
      const row = await db
        .prepare('SELECT * FROM org_move WHERE org_id = ?1 ORDER BY created_ms DESC, id DESC LIMIT 1')
        .bind(orgId)
        .first<Row>()
      return row && jobOf(row)
    },
    async idle(beforeMs) {
      const found = await db
        .prepare(
          `SELECT org_id FROM org_move WHERE ended_ms IS NULL AND state = 'running' AND updated_ms < ?1 LIMIT 100`,
        )
        .bind(beforeMs)
        .all<{ org_id: string }>()
      return found.results.map((row) => row.org_id)
    },
    async projects(orgId) {
      const found = await db
        .prepare('SELECT id FROM project WHERE org_id = ?1 ORDER BY id')
        .bind(orgId)
        .all<{ id: string }>()
      return found.results.map((row) => row.id)
    },
  }
}

function writing(db: D1Database): Pick<MoveStore, 'create' | 'save' | 'cancel' | 'switchHome'> {
  return {
    async create(job) {
      const made = await db
        .prepare(
          `INSERT INTO org_move (id, org_id, from_cell, from_shard, to_cell, to_shard, state, step, cursor, numbers, created_ms, updated_ms, version)
           VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '{}', '{}', ?9, ?9, 0) ON CONFLICT DO NOTHING`,
        )
        .bind(
          ...[job.id, job.orgId, job.from.cell, job.from.shard, job.to.cell, job.to.shard],
          ...[job.state, job.step, job.createdMs],
        )
        .run()
      return made.meta.changes > 0
    },
    async save(job, nowMs) {
      const saved = await db
        .prepare(
          `UPDATE org_move SET state = ?3, step = ?4, cursor = ?5, numbers = ?6, detail = ?7, frozen_ms = ?8, ended_ms = ?9,
           updated_ms = ?10, version = version + 1 WHERE id = ?1 AND version = ?2 RETURNING *`,
        )
        .bind(
          ...[job.id, job.version, job.state, job.step, JSON.stringify(job.cursor), JSON.stringify(job.numbers)],
          ...[job.detail, job.frozenMs, job.endedMs, nowMs],
        )
        .first<Row>()
      if (saved === null) throw new Error('somebody else goes on with this move')
      return jobOf(saved)
    },
    async cancel(orgId, nowMs) {
      const done = await db
        .prepare(
          `UPDATE org_move SET cancel_ms = coalesce(cancel_ms, ?2), state = 'running', updated_ms = ?2, version = version + 1
           WHERE org_id = ?1 AND ended_ms IS NULL AND switched_ms IS NULL`,
        )
        .bind(orgId, nowMs)
        .run()
      return done.meta.changes > 0
    },
    async switchHome(job, nowMs) {
      const [, switched] = await db.batch([
        db
          .prepare('UPDATE org_move SET switched_ms = ?2 WHERE id = ?1 AND cancel_ms IS NULL AND switched_ms IS NULL')
          .bind(job.id, nowMs),
        db
          .prepare(
            `UPDATE organization SET cell = ?3, shard = ?4 WHERE id = ?2
             AND EXISTS (SELECT 1 FROM org_move WHERE id = ?1 AND switched_ms IS NOT NULL AND ended_ms IS NULL)`,
          )
          .bind(job.id, job.orgId, job.to.cell, job.to.shard),
      ])
      return (switched?.meta.changes ?? 0) > 0
    },
  }
}

function jobOf(row: Row): MoveJob {
  return {
    id: row.id,
    orgId: row.org_id,
    from: { cell: row.from_cell, shard: row.from_shard },
    to: { cell: row.to_cell, shard: row.to_shard },
    state: row.state,
    step: row.step,
    cursor: JSON.parse(row.cursor) as MoveCursor,
    numbers: JSON.parse(row.numbers) as MoveJob['numbers'],
    detail: row.detail,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    frozenMs: row.frozen_ms,
    switchedMs: row.switched_ms,
    cancelMs: row.cancel_ms,
    endedMs: row.ended_ms,
    version: row.version,
  }
}
