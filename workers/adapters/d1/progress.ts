/**
 * Moves a job's progress from `from` to `to`. When another run moved it meanwhile, the CHECK on
 * `was_expected` fails, and with it the whole D1 batch that this statement is part of.
 */
export function advanceProgress(
  db: D1Database,
  orgId: string,
  job: string,
  from: number,
  to: number,
): D1PreparedStatement {
  return db
    .prepare(
      // SQLite checks the new row's CHECK before it looks for a conflict, so the comparison belongs into the row itself.
      `INSERT INTO progress (org_id, job, seq, was_expected)
       SELECT ?1, ?2, ?4, coalesce((SELECT seq FROM progress WHERE org_id = ?1 AND job = ?2), 0) = ?3 WHERE true
       ON CONFLICT (org_id, job) DO UPDATE SET seq = excluded.seq`,
    )
    .bind(orgId, job, from, to)
}

/** Whether a batch failed because another run had moved the progress: nothing of it was done. */
export function isOvertaken(error: unknown): boolean {
  return String(error).includes('CHECK constraint failed: was_expected')
}
