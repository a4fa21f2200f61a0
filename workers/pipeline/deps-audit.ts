import { auditStore } from '../adapters/audit.ts'
import { personalCipher } from '../adapters/audit-crypto.ts'
import { cellFor } from '../adapters/cells.ts'
import { personKeys } from '../adapters/d1/person-keys.ts'
import { sha256Hex } from '../adapters/hash.ts'
import type { AuditRecord } from '../contract/audit.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { AuditDeps } from '../services/audit/port.ts'
import { record } from '../services/audit/record.ts'
import type { Env } from './deps.ts'

/** The audit logs, as the system writes to them. */
export function auditOf(env: Env, now = () => Date.now()): AuditDeps {
  return {
    store: auditStore(
      (tenant) => cellFor(env, tenant.cell).object(env.TENANT_AUDIT, tenant.org_id),
      () => cellFor(env, 'global').object(env.TENANT_AUDIT, 'readyz'),
    ),
    persons: personKeys(env.CONTROL),
    cipher: personalCipher,
    sha256: sha256Hex,
    random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
    now,
  }
}

/** Tells an organization's audit log what the system did. */
export async function tellAudit(env: Env, tenant: Tenant, entry: AuditRecord): Promise<void> {
  await record(auditOf(env), tenant, entry)
}
