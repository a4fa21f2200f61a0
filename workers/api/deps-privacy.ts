import { cellFor, shardOf } from '../adapters/cells.ts'
import { accountStore } from '../adapters/d1/account-store.ts'
import { auditOutbox } from '../adapters/d1/audit-outbox.ts'
import { controlStore } from '../adapters/d1/control-store.ts'
import { deletionStore, goneOrgs } from '../adapters/d1/deletion-store.ts'
import { jobStore } from '../adapters/d1/job-store.ts'
import { keyPlaces } from '../adapters/d1/key-places.ts'
import { reportStore } from '../adapters/d1/report-store.ts'
import { viewStore } from '../adapters/d1/view-store.ts'
import { retentionState } from '../adapters/d1/retention-store.ts'
import { downloadOf, isWhole, removeExports } from '../adapters/export/files.ts'
import { sha256Hex } from '../adapters/hash.ts'
import { keyWriter } from '../adapters/keys-kv.ts'
import { mailSender, removeMail } from '../adapters/mail.ts'
import { certificates } from '../adapters/r2/certificates.ts'
import { DeletionCertificate } from '../contract/deletion.ts'
import type { Tenant } from '../contract/tenant.ts'
import type { RemoveAccountDeps } from '../services/account/remove.ts'
import type { AuditDeps } from '../services/audit/port.ts'
import { settleOutbox } from '../services/audit/outbox.ts'
import type { DeletionDeps } from '../services/deletion/request.ts'
import type { StartErasureDeps } from '../services/erasure/start.ts'
import type { JobDeps } from '../services/job/run.ts'
import type { RetentionSettings } from '../services/retention/settings.ts'
import type { Env } from './env.ts'

/** What the routes need for the rights of people and organizations on their data. */
export interface PrivacyDeps {
  jobs: JobDeps
  erasures: StartErasureDeps
  retention: RetentionSettings
  deletion: DeletionDeps
  deletionCertificate(tenant: Tenant, id: string): Promise<DeletionCertificate | null>
  goneOrgs(userId: string): ReturnType<typeof goneOrgs>
  accounts: RemoveAccountDeps
  /** What a finished export holds. */
  exportFiles(tenant: Tenant, id: string): ReturnType<typeof downloadOf>
  /** False after an erasure, which removes exports. */
  hasExport(tenant: Tenant, id: string): Promise<boolean>
}

export function privacyDeps(
  env: Env,
  origin: string,
  audit: AuditDeps,
  now: () => number,
  random: JobDeps['random'],
): PrivacyDeps {
  const jobs = jobDeps(env, now, random)
  return {
    jobs,
    erasures: erasureDeps(env, jobs),
    retention: retentionSettings(env),
    deletion: deletionDeps(env, origin, jobs, now),
    deletionCertificate: (tenant, id) => deletionCertificate(env, tenant, id),
    goneOrgs: (userId) => goneOrgs(env.CONTROL, userId),
    exportFiles: ({ org_id, cell }, id) => downloadOf(cellFor(env, cell).bucket, org_id, id),
    hasExport: ({ org_id, cell }, id) => isWhole(cellFor(env, cell).bucket, org_id, id),
    accounts: {
      audit,
      ...accountStore(env.CONTROL),
      settle: (tenant) => settleOutbox({ audit, outbox: auditOutbox(env.CONTROL), now }, tenant),
      async forgetIn(tenant, userId) {
        const { org_id, cell } = tenant
        const stores = cellFor(env, cell)
        const token = `erased_${crypto.randomUUID()}`
        await stores.object(env.TENANT_BUDGET, org_id).erase(userId, token)
        await stores.object(env.ORG_ALERTS, org_id).erase(userId, token)
        await viewStore((place) => shardOf(env, place)).forgetOwner(tenant, userId)
        await reportStore((place) => shardOf(env, place)).forgetPerson(tenant, userId)
      },
      removeExports: ({ org_id, cell }) => removeExports(cellFor(env, cell).bucket, org_id),
      removeMail: async (email) => {
        if (env.APP_ENV !== 'production') await removeMail(env.KEYS, email)
      },
      now,
    },
  }
}

/** Long work on one organization's data. */
function jobDeps(env: Env, now: () => number, random: JobDeps['random']): JobDeps {
  return {
    store: jobStore((tenant) => shardOf(env, tenant)),
    wake: ({ org_id, cell, shard }) => cellFor(env, cell).object(env.ORG_JOBS, org_id).run({ org_id, cell, shard }),
    now,
    random,
  }
}

function erasureDeps(env: Env, jobs: JobDeps): StartErasureDeps {
  return {
    ...jobs,
    sha256: sha256Hex,
    certificate: (tenant, id) => certificates(cellFor(env, tenant.cell).bucket).find(tenant.org_id, id),
  }
}

function retentionSettings(env: Env): RetentionSettings {
  return {
    state: (tenant) => retentionState(shardOf(env, tenant), tenant.org_id, tenant.project_id),
    set: (orgId, id, { events_days, traces_days, metrics_days, archive_days }) =>
      controlStore(env.CONTROL).updateProject(orgId, id, {
        eventsDays: events_days,
        tracesDays: traces_days,
        metricsDays: metrics_days,
        archiveDays: archive_days,
      }),
  }
}

/** Deleting, and taking that back. */
function deletionDeps(env: Env, origin: string, jobs: JobDeps, now: () => number): DeletionDeps {
  const places = keyPlaces(env.CONTROL)
  return {
    store: deletionStore(env.CONTROL),
    keysOf: (orgId) => places.keysOf(orgId),
    records: keyWriter(env.KEYS),
    sendMail: mailSender(env, now),
    origin,
    async isPurging({ id, cell, shard }, projectId) {
      const job = await jobs.store.find({ org_id: id, cell, shard }, 'deletion', `del_${projectId ?? id}`)
      return job !== null
    },
    now,
  }
}

async function deletionCertificate(env: Env, tenant: Tenant, id: string): Promise<DeletionCertificate | null> {
  const found = await certificates(cellFor(env, tenant.cell).bucket).read(tenant.org_id, id)
  const parsed = DeletionCertificate.safeParse(found)
  return parsed.success ? parsed.data : null
}
