import { AuditRecord } from '../../contract/audit.ts'
import type { AuditOutbox } from '../../services/audit/outbox.ts'

const AT_ONCE_MAX = 100

/** Changes that are under way, in the control database. */
export function auditOutbox(db: D1Database): AuditOutbox {
  return {
    async put(orgId, id, atMs, records) {
      await db
        .prepare(
          'INSERT INTO audit_outbox (id, org_id, at_ms, records) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET records = excluded.records',
        )
        .bind(id, orgId, atMs, JSON.stringify(records))
        .run()
    },
    async remove(orgId, id) {
      await db.prepare('DELETE FROM audit_outbox WHERE org_id = ?1 AND id = ?2').bind(orgId, id).run()
    },
    async before(orgId, atMs) {
      const found = await db
        .prepare(
          `SELECT id, records FROM audit_outbox WHERE org_id = ?1 AND at_ms < ?2 ORDER BY at_ms LIMIT ${AT_ONCE_MAX}`,
        )
        .bind(orgId, atMs)
        .all<{ id: string; records: string }>()
      return found.results.map(({ id, records }) => ({ id, records: AuditRecord.array().parse(JSON.parse(records)) }))
    },
  }
}
