import type { AuditRecord } from '../../contract/audit.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import type { AuditDeps } from './port.ts'
import { record } from './record.ts'

/** Changes that are under way. */
export interface AuditOutbox {
  put(orgId: string, id: string, atMs: number, records: AuditRecord[]): Promise<void>
  remove(orgId: string, id: string): Promise<void>
  before(orgId: string, atMs: number): Promise<{ id: string; records: AuditRecord[] }[]>
}

export interface OutboxDeps {
  audit: AuditDeps
  outbox: AuditOutbox
  now(): number
}

/** What a change was, once it was made. */
export type Change = Pick<AuditRecord, 'target' | 'before' | 'after' | 'agent_id'>
/** Who is about to change what, and from where. */
export type Intent = Omit<AuditRecord, 'id' | 'target' | 'before' | 'after' | 'agent_id'>

/** A request answers within this; an intent that is older belongs to one that was cut short. */
const UNDER_WAY_MS = 60_000

/**
 * Makes changes so that each is in the audit log: the intent is kept before, the records are appended after. What
 * dies in between is told by `settleOutbox`. `make` reports what it changed; nothing reported is nothing recorded.
 */
export async function withAudit<T>(
  deps: OutboxDeps,
  tenant: Tenant,
  id: string,
  intent: Intent,
  make: (changed: (change: Change) => void) => Promise<T>,
): Promise<T> {
  const changes: Change[] = []
  await intend(deps, tenant, id, intent)
  let result: T
  try {
    result = await make((change) => changes.push(change))
  } catch (error) {
    // A refusal changed nothing; of anything else we cannot know.
    if (error instanceof AppError && error.code !== 'internal' && error.code !== 'unavailable')
      await deps.outbox.remove(tenant.org_id, id)
    throw error
  }
  const records = recordsOf(id, intent, changes)
  try {
    for (const one of records) await record(deps.audit, tenant, one)
    await deps.outbox.remove(tenant.org_id, id)
  } catch (error) {
    // The change stands; its records wait until the log can be reached.
    await deps.outbox.put(tenant.org_id, id, intent.at_ms, records).catch(() => {
      throw error
    })
  }
  return result
}

/** Keeps that a change is about to be made, for what cannot be wrapped by `withAudit`; see `fulfil`. */
export async function intend(deps: OutboxDeps, tenant: Tenant, id: string, intent: Intent): Promise<void> {
  await deps.outbox.put(tenant.org_id, id, intent.at_ms, [cutShort(id, intent)])
}

/** Appends what was changed, once: it is kept in full before. Where the log cannot be reached, it waits. */
export async function fulfil(
  deps: OutboxDeps,
  tenant: Tenant,
  id: string,
  intent: Intent,
  change: Change,
): Promise<void> {
  const records = recordsOf(id, intent, [change])
  await deps.outbox.put(tenant.org_id, id, intent.at_ms, records)
  try {
    for (const one of records) await record(deps.audit, tenant, one)
    await deps.outbox.remove(tenant.org_id, id)
  } catch {
    // `settleOutbox` tells it; its id keeps it from being told twice.
  }
}

/** Appends what earlier requests could not. Called before the log is read, and after every change. */
export async function settleOutbox(deps: OutboxDeps, tenant: Tenant): Promise<void> {
  for (const { id, records } of await deps.outbox.before(tenant.org_id, deps.now() - UNDER_WAY_MS)) {
    for (const one of records) await record(deps.audit, tenant, one)
    await deps.outbox.remove(tenant.org_id, id)
  }
}

const recordsOf = (id: string, intent: Intent, changes: Change[]): AuditRecord[] =>
  changes.map((change, i) => ({ ...intent, ...change, id: `${id}:${i}` }))

/** Its id is not that of a record: a request that was only slow is told of twice, rather than not at all. */
function cutShort(id: string, intent: Intent): AuditRecord {
  return {
    ...intent,
    id: `${id}:cut`,
    target: { type: 'request', id: intent.request_id },
    after: { outcome: 'unknown: the request was cut short' },
  }
}
