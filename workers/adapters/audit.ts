import type { TenantAuditRpc } from '../contract/audit.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { AuditStore } from '../services/audit/port.ts'

const TRIES_MAX = 3
const PAUSE_MS = 50

/** The audit logs behind their Durable Objects. `anyObject` is one that knows the signing key; each of them does. */
export function auditStore(objectOf: (tenant: Tenant) => object, anyObject: () => object): AuditStore {
  const of = (tenant: Tenant) => rpcOf(objectOf(tenant))
  return {
    async append(tenant, id, draft) {
      // The id makes a second try harmless. A stub that failed stays broken, so each try takes a new one.
      const place = { org_id: tenant.org_id, cell: tenant.cell }
      const [link] = await patiently(() => of(tenant).append(place, [{ id, draft }]))
      if (link === undefined) throw new Error('the audit log answered nothing')
      return link
    },
    list: (tenant, filter, beforeSeq, limit) => of(tenant).list(filter, beforeSeq, limit),
    page: (tenant, afterSeq, toSeq) => of(tenant).page(afterSeq, toSeq),
    sealHead: (tenant) => of(tenant).sealHead(),
    publicKey: () => rpcOf(anyObject()).publicKey(),
  }
}

/** The stub's own type calls `unknown` inside of facts no serializable value; the class implements this interface. */
function rpcOf(stub: object): TenantAuditRpc {
  return stub as TenantAuditRpc
}

async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call()
    } catch (error) {
      const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean }
      if (retryable !== true || overloaded === true || tries === TRIES_MAX) throw error
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries * (1 + Math.random())))
    }
  }
}
