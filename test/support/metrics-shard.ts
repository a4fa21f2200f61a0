import type { CanonicalEvent } from '../../workers/contract/event.ts'
import type { ProjectTenant } from '../../workers/contract/tenant.ts'
import { commitPlan } from '../../workers/adapters/d1/commit.ts'
import { shortHash } from '../../workers/adapters/hash.ts'
import { planCommit } from '../../workers/domain/commit-plan.ts'
import { makeBatch } from './batches.ts'
import { NO_PRICES } from '../../workers/domain/price-book.ts'
import type { Placed } from './metrics-reference.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** Commits events as the pipeline does, each at the time when it happened, in commits of about `size`. */
export async function commitEvents(
  db: D1Database,
  tenant: ProjectTenant,
  events: readonly CanonicalEvent[],
  size: number,
): Promise<Placed[]> {
  const sorted = [...events].sort((a, b) => a.timestamp - b.timestamp)
  for (let i = 0; i < sorted.length; i += size) {
    const part = sorted.slice(i, i + size)
    const plan = planCommit([makeBatch(tenant, part)], { pricesOf: () => NO_PRICES, shortHash, hex })
    await commitPlan(db, plan, `commit-${crypto.randomUUID()}`, (part.at(-1)?.timestamp ?? 0) + 500)
  }
  return events.map((event) => ({ event, project_id: tenant.project_id, workspace_id: tenant.workspace_id }))
}
