import type { JobKind, JobState } from '../../contract/job.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Job, JobStore } from '../../services/job/port.ts'

interface Row {
  org_id: string
  id: string
  kind: JobKind
  state: JobState
  step: string
  cursor: string
  input: string | null
  numbers: string
  detail: string | null
  created_ms: number
  updated_ms: number
  ended_ms: number | null
  version: number
}

/** Jobs of organizations, in the data shard of each. */
export function jobStore(shardOf: (tenant: Tenant) => D1Database): JobStore {
  return {
    async create(tenant, job) {
      try {
        await shardOf(tenant)
          .prepare(
            `INSERT INTO job (org_id, id, kind, state, step, cursor, input, numbers, created_ms, updated_ms, version)
             VALUES (?1, ?2, ?3, ?4, ?5, '{}', ?6, '{}', ?7, ?7, 0)`,
          )
          .bind(tenant.org_id, job.id, job.kind, job.state, job.step, JSON.stringify(job.input), job.createdMs)
          .run()
        return true
      } catch (error) {
        if (String(error).includes('the organization is moving')) return false
        // Begun before.
        if (String(error).includes('UNIQUE constraint failed: job.')) return true
        throw error
      }
    },
    async find(tenant, kind, id) {
      const row = await shardOf(tenant)
        .prepare('SELECT * FROM job WHERE org_id = ?1 AND id = ?2 AND kind = ?3')
        .bind(tenant.org_id, id, kind)
        .first<Row>()
      return row && jobOf(row)
    },
    async list(tenant, kind, limit) {
      const found = await shardOf(tenant)
        .prepare('SELECT * FROM job WHERE org_id = ?1 AND kind = ?2 ORDER BY created_ms DESC, id DESC LIMIT ?3')
        .bind(tenant.org_id, kind, limit)
        .all<Row>()
      return found.results.map(jobOf)
    },
    async next(tenant) {
      const row = await shardOf(tenant)
        .prepare('SELECT * FROM job WHERE org_id = ?1 AND ended_ms IS NULL ORDER BY created_ms, id LIMIT 1')
        .bind(tenant.org_id)
        .first<Row>()
      return row && jobOf(row)
    },
    async save(tenant, job, nowMs) {
      const saved = await saveStatement(shardOf(tenant), tenant, job, nowMs).first<Row>()
      if (saved === null) throw new Error('somebody else goes on with this job')
      return jobOf(saved)
    },
    async removeAll(tenant) {
      await shardOf(tenant).prepare('DELETE FROM job WHERE org_id = ?1').bind(tenant.org_id).run()
    },
  }
}

/** Keeps how far a job came, unless somebody else has; for a batch with what the job changes, so that both are or are not. */
export function saveStatement(db: D1Database, { org_id }: Tenant, job: Job, nowMs: number): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE job SET state = ?4, step = ?5, cursor = ?6, input = ?7, numbers = ?8, detail = ?9, ended_ms = ?10,
       updated_ms = ?11, version = version + 1 WHERE org_id = ?1 AND id = ?2 AND version = ?3 RETURNING *`,
    )
    .bind(
      ...[org_id, job.id, job.version, job.state, job.step, JSON.stringify(job.cursor)],
      ...[job.input && JSON.stringify(job.input), JSON.stringify(job.numbers), job.detail, job.endedMs, nowMs],
    )
}

/** Jobs that removed their whole organization, and were not removed themselves. */
export async function removeLastJobs(shard: D1Database): Promise<void> {
  await shard
    .prepare(
      `DELETE FROM job WHERE org_id IN
       (SELECT org_id FROM job WHERE kind = 'deletion' AND state = 'done' AND input ->> 'project_id' IS NULL)`,
    )
    .run()
}

/** Organizations of a shard with jobs that nobody has worked on since. */
export async function idleJobs(shard: D1Database, beforeMs: number): Promise<string[]> {
  const found = await shard
    .prepare('SELECT DISTINCT org_id FROM job WHERE ended_ms IS NULL AND updated_ms < ?1 LIMIT 100')
    .bind(beforeMs)
    .all<{ org_id: string }>()
  return found.results.map((row) => row.org_id)
}

function jobOf(row: Row): Job {
  return {
    id: row.id,
    orgId: row.org_id,
    kind: row.kind,
    state: row.state,
    step: row.step,
    cursor: JSON.parse(row.cursor) as Job['cursor'],
    input: row.input === null ? null : (JSON.parse(row.input) as Job['input']),
    numbers: JSON.parse(row.numbers) as Job['numbers'],
    detail: row.detail,
    createdMs: row.created_ms,
    updatedMs: row.updated_ms,
    endedMs: row.ended_ms,
    version: row.version,
  }
}
