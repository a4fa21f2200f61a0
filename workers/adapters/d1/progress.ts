/**
 * Moves a job's progress from `from` to `to`. When another run moved it meanwhile, the CHECK on
 * `was_expected` fails, and with it the whole D1 batch that this statement is part of.
 */
export function advanceProgress(db: D1Database, orgId: string, job: string, from: number, to: number): D1PreparedStatement {
  return db
    .prepare(
      `INSERT INTO progress (org_id, job, seq, was_expected) VALUES (?1, ?2, ?4, ?3 = 0)
       ON CONFLICT (org_id, job) DO UPDATE SET seq = excluded.seq, was_expected = (progress.seq = ?3)`,
    )
    .bind(orgId, job, from, to)
}
