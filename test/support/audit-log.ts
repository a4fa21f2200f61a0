import { env } from 'cloudflare:workers'
import { auditStore } from '../../workers/adapters/audit.ts'
import { personalCipher } from '../../workers/adapters/audit-crypto.ts'
import { cellFor } from '../../workers/adapters/cells.ts'
import { personKeys } from '../../workers/adapters/d1/person-keys.ts'
import { sha256Hex } from '../../workers/adapters/hash.ts'
import { AuditEntry, type AuditDraft, type TenantAuditRpc } from '../../workers/contract/audit.ts'
import type { Cell, Tenant } from '../../workers/contract/tenant.ts'
import { linesOf } from '../../workers/domain/audit/lines.ts'
import { verifyExport } from '../../workers/domain/audit/verify.ts'
import type { Env } from '../../workers/pipeline/deps.ts'
import type { AuditDeps } from '../../workers/services/audit/port.ts'
import { exportAudit } from '../../workers/services/audit/read.ts'
import { isSigned } from '../../scripts/runtime/signing-key.ts'
import { freshTenant } from './batches.ts'

export const bindings = env as unknown as Env & { CONTROL: D1Database }

export const objectOf = (tenant: Tenant) => cellFor(bindings, tenant.cell).object(bindings.TENANT_AUDIT, tenant.org_id)

/** The audit log as the api has it, in the isolate of the pipeline. */
export const deps: AuditDeps = {
  store: auditStore(objectOf, () => bindings.TENANT_AUDIT.getByName('any')),
  persons: personKeys(bindings.CONTROL),
  cipher: personalCipher,
  sha256: sha256Hex,
  random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
  now: () => Date.now(),
}

/** The log of an organization of its own. */
export function freshLog(cell: Cell = 'global') {
  const tenant = freshTenant(cell)
  const object = objectOf(tenant)
  const rpc = object as unknown as TenantAuditRpc
  const append = (id: string, more: Partial<AuditDraft> = {}) => rpc.append(tenant, [{ id, draft: draft(more) }])
  return { tenant, object, rpc, append }
}

export const draft = (more: Partial<AuditDraft> = {}): AuditDraft => ({
  at: '2026-11-23T12:00:00.000Z',
  actor: { type: 'system', id: 'test', label: null },
  action: 'thing.happen',
  target: { type: 'thing', id: 't', label: null },
  agent_id: null,
  before: null,
  after: { n: 1 },
  request_id: 'req',
  personal: null,
  target_personal: null,
  ...more,
})

/** Every entry of a log, page by page. */
export async function everything(rpc: TenantAuditRpc): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = []
  for (;;) {
    const page = await rpc.page(entries.length, 1_000_000)
    if (page.entries.length === 0) return entries
    for (const text of page.entries) entries.push(AuditEntry.parse(JSON.parse(text)))
  }
}

/** What a verifier says of an export. */
export function verified(tenant: Tenant) {
  return verifyExport(linesOf(exportAudit(deps, tenant)), { sha256: sha256Hex, isSigned })
}
