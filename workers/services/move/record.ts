import type { AuditRecord } from '../../contract/audit.ts'
import type { MoveJob } from './port.ts'

/** How a move ended, for the audit log. Its id makes a repeated unit the same record. */
export function moveRecord({ id, orgId, from, to, state, detail, numbers }: MoveJob, nowMs: number): AuditRecord {
  const verified = Object.fromEntries(Object.values(numbers).map((n) => [n.store, n.verified]))
  return {
    id: `${id}:${state}`,
    at_ms: nowMs,
    actor: { type: 'system', id: 'move', label: 'Move between regions' },
    action: `org.move_${state}`,
    target: { type: 'org', id: orgId },
    before: { region: from.cell },
    after: { region: state === 'done' ? to.cell : from.cell, asked_for: to.cell, detail, verified },
    origin: null,
    request_id: id,
  }
}
