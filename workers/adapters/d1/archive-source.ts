import { gunzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { ArchiveCommit, ArchiveDeps, ArchivedEvent } from '../../services/recovery/archive.ts'
import { advanceProgress } from './progress.ts'

const JOB = 'archive'

type Source = Pick<ArchiveDeps, 'archiveBehind' | 'archiveCommits' | 'archivedEvents' | 'archiveAdvance'>

/** What the archive job reads from one shard. */
export function archiveStore(db: D1Database): Source {
  return {
    async archiveBehind(beforeMs) {
      const found = await db
        .prepare(
          `WITH RECURSIVE org(id) AS (
             SELECT min(org_id) FROM delta UNION ALL
             SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL)
           SELECT org.id AS org_id, coalesce(p.seq, 0) AS seq FROM org LEFT JOIN progress p ON p.org_id = org.id AND p.job = '${JOB}'
           WHERE org.id IS NOT NULL AND org.id NOT IN (SELECT org_id FROM moving) AND EXISTS (SELECT 1 FROM delta d WHERE d.org_id = org.id AND d.seq > coalesce(p.seq, 0) AND d.seq < ?1)`,
        )
        .bind(beforeMs)
        .all<{ org_id: string; seq: number }>()
      return found.results
    },
    async archiveCommits(orgId, afterSeq, beforeMs, limit): Promise<ArchiveCommit[]> {
      const found = await db
        .prepare(
          `SELECT seq, project_id, events, batches FROM delta WHERE org_id = ?1 AND seq > ?2 AND seq < ?3 ORDER BY seq, project_id LIMIT ?4`,
        )
        .bind(orgId, afterSeq, beforeMs, limit)
        .all<{ seq: number; project_id: string; events: number; batches: string }>()
      const rows = found.results.map((row) => ({ ...row, batches: JSON.parse(row.batches) as string[] }))
      const last = rows.at(-1)?.seq
      return rows.length < limit || rows[0]?.seq === last ? rows : rows.filter((row) => row.seq !== last)
    },
    archivedEvents: (projectId, batchIds) => archivedEvents(db, projectId, batchIds),
    async archiveAdvance(orgId, from, to) {
      await advanceProgress(db, orgId, JOB, from, to).run()
    },
  }
}

const BATCHES_PER_QUERY = 50

async function archivedEvents(db: D1Database, projectId: string, batchIds: string[]): Promise<ArchivedEvent[]> {
  const events: ArchivedEvent[] = []
  for (let i = 0; i < batchIds.length; i += BATCHES_PER_QUERY) {
    const found = await db
      .prepare(
        `SELECT b.batch_id, b.costs, hex(b.body) AS body FROM json_each(?2) j JOIN batch b
         ON b.project_id = ?1 AND b.batch_id = j.value WHERE b.body IS NOT NULL`,
      )
      .bind(projectId, JSON.stringify(batchIds.slice(i, i + BATCHES_PER_QUERY)))
      .all<{ batch_id: string; costs: string; body: string }>()
    for (const row of found.results) events.push(...unpack(row))
  }
  return events
}

function unpack(row: { batch_id: string; costs: string; body: string }): ArchivedEvent[] {
  const costs = JSON.parse(row.costs) as Record<string, [number, string]>
  const events = JSON.parse(gunzipSync(Buffer.from(row.body, 'hex')).toString()) as CanonicalEvent[]
  return events.map((event, i) => ({
    ...event,
    batch_id: row.batch_id,
    paid_nanousd: costs[i]?.[0] ?? null,
    cost_source: costs[i]?.[1] ?? null,
  }))
}
