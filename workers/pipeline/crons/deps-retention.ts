import { cellFor } from '../../adapters/cells.ts'
import { retainedProjects } from '../../adapters/d1/retained-projects.ts'
import { retentionStates, retentionTables } from '../../adapters/d1/retention-store.ts'
import { retentionObjects } from '../../adapters/r2/retention.ts'
import type { Cell } from '../../contract/tenant.ts'
import type { RetentionDeps } from '../../services/retention/enforce.ts'
import type { Env } from '../deps.ts'
import { tellAudit } from '../deps-audit.ts'
import { log } from '../log.ts'

/** Retention of one shard. */
export function retentionDeps(env: Env, cell: Cell, shard: number, now = () => Date.now()): RetentionDeps {
  const stores = cellFor(env, cell)
  const db = stores.shard(shard)
  return {
    projects: () => retainedProjects(env.CONTROL, db, cell, shard),
    ...retentionStates(db),
    remove: { ...retentionTables(db), ...retentionObjects(stores.bucket) },
    audit: ({ orgId }, record) => tellAudit(env, { org_id: orgId, cell, shard }, record),
    failed: ({ id }, error) =>
      log(env.LOG_LEVEL)('error', 'retention.failed', { project_id: id, error: String(error) }),
    now,
  }
}
