import { cellFor } from '../../adapters/cells.ts'
import { dueDeletions, deletionStore, purgeControl } from '../../adapters/d1/deletion-store.ts'
import { keyPlaces } from '../../adapters/d1/key-places.ts'
import { orgData } from '../../adapters/deletion/org-data.ts'
import { projectData } from '../../adapters/deletion/project-data.ts'
import { guardFallback } from '../../adapters/guard-kv.ts'
import { keyWriter } from '../../adapters/keys-kv.ts'
import { moveStore } from '../../adapters/move/moves.ts'
import { certificates, signed } from '../../adapters/r2/certificates.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { DeletionInput } from '../../services/deletion/port.ts'
import { PURGE_AFTER_MS } from '../../services/deletion/request.ts'
import { deletion, DELETION_STEPS } from '../../services/deletion/work.ts'
import type { Job, JobWork } from '../../services/job/port.ts'
import { auditTools, type Env } from '../deps.ts'
import { tellAudit } from '../deps-audit.ts'
import { log } from '../log.ts'
import { moveDeps } from '../move/deps.ts'
import type { JobStore } from '../../services/job/port.ts'

/** Removing a project, or the whole organization, bound to the stores of its cell only. */
export function deletionWork(env: Env, tenant: Tenant, now = () => Date.now()): JobWork {
  return {
    steps: DELETION_STEPS,
    unit: (job) => workOf(env, tenant, job, now).unit(job),
    isLast: (job) => (job.input as DeletionInput).project_id === null,
  }
}

function workOf(env: Env, tenant: Tenant, job: Job, now: () => number): JobWork {
  const stores = cellFor(env, tenant.cell)
  const { project_id, projects } = job.input as DeletionInput
  const { tables, objects, actors } = moveDeps(env)
  const records = keyWriter(env.KEYS)
  return deletion(
    {
      project: projectData(tenant, project_id ?? '', {
        db: stores.shard(tenant.shard),
        bucket: stores.bucket,
        feed: stores.object(env.LIVE_FEED, project_id ?? 'none'),
      }),
      org: orgData(tenant, projects, { tables, objects, actors, bucket: stores.bucket }),
      control: purgeControl(env.CONTROL, tenant.org_id),
      async forgetKeys(projectId) {
        for (const { row } of await keyPlaces(env.CONTROL).keysOf(tenant.org_id)) {
          if (projectId !== null && row.projectId !== projectId) continue
          await records.remove(row.hash)
          await records.forgetUse(row.id)
        }
        if (projectId === null) await guardFallback(env.KEYS).put(tenant.org_id, { budgets: [] })
      },
      sign: async (certificate) => signed(certificate, await auditTools(env).signer()),
      keepCertificate: (certificate) => certificates(stores.bucket).put(certificate.deletion_id, certificate),
      audit: (record) => tellAudit(env, tenant, record),
      now,
    },
    tenant,
  )
}

/** Begins to remove what was deleted long enough ago. */
export async function startPurges(
  env: Env,
  store: JobStore,
  wake: (tenant: Tenant) => Promise<void>,
  nowMs: number,
): Promise<{ started: number }> {
  let started = 0
  for (const { org, projectId, name, deletedMs } of await dueDeletions(env.CONTROL, nowMs - PURGE_AFTER_MS)) {
    const tenant = { org_id: org.id, cell: org.cell, shard: org.shard }
    // One that cannot begin is tried again by the next cron, and holds up nobody.
    try {
      const input: DeletionInput = {
        project_id: projectId,
        projects: projectId === null ? await moveStore(env.CONTROL).projects(org.id) : [projectId],
        owners: projectId === null ? (await deletionStore(env.CONTROL).ownersOf(org.id)).map(({ id }) => id) : [],
        name,
        deleted_ms: deletedMs,
      }
      if (!(await store.create(tenant, jobOf(org.id, projectId, input, nowMs)))) continue
      started++
      await wake(tenant)
    } catch (error) {
      log(env.LOG_LEVEL)('error', 'purge.not_started', { org_id: org.id, project_id: projectId, error: String(error) })
    }
  }
  return { started }
}

/** Its id makes it one job, however often it is begun. */
function jobOf(orgId: string, projectId: string | null, input: DeletionInput, nowMs: number): Job {
  return {
    id: `del_${projectId ?? orgId}`,
    orgId,
    kind: 'deletion',
    state: 'running',
    step: DELETION_STEPS[0],
    cursor: {},
    input,
    numbers: {},
    detail: null,
    createdMs: nowMs,
    updatedMs: nowMs,
    endedMs: null,
    version: 0,
  }
}
