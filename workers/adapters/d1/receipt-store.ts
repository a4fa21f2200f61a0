import type { ProjectTenant } from '../../contract/tenant.ts'

/** What a project's books say of these batches. Ledger entries are the cost-bearing events that the batch carried. */
export async function receiptRows(db: D1Database, tenant: ProjectTenant, batchIds: string[]) {
  const found = await db
    .prepare(
      `SELECT b.batch_id, b.events, b.received_ms, b.applied_ms, (SELECT count(*) FROM json_each(b.costs)) AS ledger_entries
       FROM json_each(?3) j JOIN batch b ON b.project_id = ?1 AND b.batch_id = j.value WHERE b.org_id = ?2`,
    )
    .bind(tenant.project_id, tenant.org_id, JSON.stringify(batchIds))
    .all<{ batch_id: string; events: number; received_ms: number; applied_ms: number; ledger_entries: number }>()
  return found.results
}
