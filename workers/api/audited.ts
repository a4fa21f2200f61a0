import type { Tenant } from '../contract/tenant.ts'
import { record } from '../services/audit/record.ts'
import { settleOutbox, withAudit, type Change, type Intent } from '../services/audit/outbox.ts'
import { tenantOf, type AppContext, type Who } from './context.ts'
import { originOf } from './origin.ts'

/** Tells the audit log what was changed; a change outside the organization of the path names its tenant. */
export type Changed = (change: Change, elsewhere?: Tenant) => void

/** Runs a route's handler so that what it changes is in the audit log of the organization. */
export async function audited<T>(
  c: AppContext,
  who: Who,
  action: string,
  handle: (changed: Changed) => Promise<T>,
): Promise<T> {
  const deps = c.get('deps')
  const intent = intentOf(c, who, action)
  const elsewhere: [Tenant, Change][] = []
  const id = crypto.randomUUID()
  const run = (changed: (change: Change) => void) =>
    handle((change, tenant) => (tenant === undefined ? changed(change) : elsewhere.push([tenant, change])))
  const answer = who.org === null ? await run(() => {}) : await withAudit(deps.auditing, tenantOf(who), id, intent, run)
  if (who.org !== null) c.executionCtx.waitUntil(settleOutbox(deps.auditing, tenantOf(who)).catch(() => {}))
  for (const [tenant, change] of elsewhere) await record(deps.audit, tenant, { ...intent, ...change, id })
  return answer
}

/** Who asks, and from where, as the audit log knows them. */
function intentOf(c: AppContext, { actor }: Who, action: string): Intent {
  return {
    at_ms: c.get('deps').now(),
    action,
    actor:
      actor.type === 'user'
        ? { type: 'user', id: actor.id, label: actor.name, email: actor.email }
        : { type: 'key', id: actor.id, label: actor.name },
    origin: originOf(c.req.raw.headers),
    request_id: c.get('requestId').slice(0, 200),
  }
}
