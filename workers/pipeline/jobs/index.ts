import { cellFor, shardOf } from '../../adapters/cells.ts'
import { idleJobs, jobStore, removeLastJobs } from '../../adapters/d1/job-store.ts'
import type { JobKind } from '../../contract/job.ts'
import type { Cell, Tenant } from '../../contract/tenant.ts'
import type { JobStore, JobWork } from '../../services/job/port.ts'
import type { Env } from '../deps.ts'
import { deletionWork, startPurges } from './deps-deletion.ts'
import { erasureWork } from './deps-erasure.ts'
import { exportWork } from './deps-export.ts'
import { repricingWork } from './deps-repricing.ts'

const WORK: Record<JobKind, (env: Env, tenant: Tenant) => JobWork> = {
  deletion: deletionWork,
  erasure: erasureWork,
  export: exportWork,
  repricing: repricingWork,
}

/** Nobody works on a job that was not written for this long. */
const IDLE_MS = 60_000

/** How a job of this kind is done for one organization. */
export function workOf(env: Env, tenant: Tenant, kind: JobKind): JobWork {
  return WORK[kind](env, tenant)
}

export function jobsOf(env: Env): JobStore {
  return jobStore((tenant) => shardOf(env, tenant))
}

/** Wakes the jobs of one shard that were left alone. */
export async function wakeJobs(env: Env, cell: Cell, shard: number, nowMs: number): Promise<{ woken: number }> {
  const stores = cellFor(env, cell)
  await removeLastJobs(stores.shard(shard))
  const idle = await idleJobs(stores.shard(shard), nowMs - IDLE_MS)
  for (const org_id of idle) await stores.object(env.ORG_JOBS, org_id).run({ org_id, cell, shard })
  return { woken: idle.length }
}

/** Begins to remove what was deleted seven days ago. */
export function purgeDeleted(env: Env, nowMs: number): Promise<{ started: number }> {
  const wake = (tenant: Tenant) => cellFor(env, tenant.cell).object(env.ORG_JOBS, tenant.org_id).run(tenant)
  return startPurges(env, jobsOf(env), wake, nowMs)
}
