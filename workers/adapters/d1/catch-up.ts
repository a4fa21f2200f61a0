import type { GuardTuple } from '../../domain/commit-plan.ts'
import type { CallTuple } from '../../domain/control/outcome.ts'
import type { MoneyTuple } from '../../domain/rollup-row.ts'
import type { StoredCommit } from '../../services/ingest/catch-up.ts'
import { advanceProgress } from './progress.ts'

const JOB = 'budget'

interface Row {
  org_id: string
  project_id: string
  workspace_id: string
  commit_id: string
  seq: number
  money: string
  guard: string | null
  calls: string | null
  batches: string
}

/** The delta log of one shard, as the catch-up job reads it. */
export function catchUpStore(db: D1Database) {
  return {
    /** Skip-scans the primary key: one seek per organization, whatever the number of deltas. */
    async behind(settledMs: number): Promise<{ org_id: string; seq: number }[]> {
      const found = await db
        .prepare(
          `WITH RECURSIVE org(id) AS (
             SELECT min(org_id) FROM delta UNION ALL
             SELECT (SELECT min(org_id) FROM delta WHERE org_id > org.id) FROM org WHERE org.id IS NOT NULL)
           SELECT org.id AS org_id, coalesce(p.seq, 0) AS seq FROM org
           LEFT JOIN progress p ON p.org_id = org.id AND p.job = '${JOB}'
           WHERE org.id IS NOT NULL AND org.id NOT IN (SELECT org_id FROM moving) AND EXISTS
             (SELECT 1 FROM delta d WHERE d.org_id = org.id AND d.seq > coalesce(p.seq, 0) AND d.seq <= ?1)`,
        )
        .bind(settledMs)
        .all<{ org_id: string; seq: number }>()
      return found.results
    },

    async commitsAfter(orgId: string, seq: number, settledMs: number, limit: number): Promise<StoredCommit[]> {
      const found = await db
        .prepare(
          `SELECT org_id, project_id, workspace_id, commit_id, seq, money, guard, calls, batches FROM delta
           WHERE org_id = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4`,
        )
        .bind(orgId, seq, settledMs, limit)
        .all<Row>()
      const rows = found.results
      // A commit's projects share one seq; one cut in half by the limit is left for the next page.
      const cut = rows.length === limit ? rows.at(-1)?.seq : undefined
      const commits = new Map<string, StoredCommit>()
      for (const row of rows) {
        if (row.seq === cut && rows[0]?.seq !== cut) continue
        const delta = {
          ...row,
          money: JSON.parse(row.money) as MoneyTuple[],
          guard: row.guard === null ? [] : (JSON.parse(row.guard) as GuardTuple[]),
          calls: row.calls === null ? [] : (JSON.parse(row.calls) as CallTuple[]),
          batches: JSON.parse(row.batches) as string[],
        }
        const commit = commits.get(row.commit_id)
        if (commit) commit.deltas.push(delta)
        else commits.set(row.commit_id, { commit_id: row.commit_id, seq: row.seq, deltas: [delta] })
      }
      return [...commits.values()]
    },

    async advance(orgId: string, from: number, to: number): Promise<void> {
      await advanceProgress(db, orgId, JOB, from, to).run()
    },
  }
}
