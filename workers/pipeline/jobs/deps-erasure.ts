import { cellFor } from '../../adapters/cells.ts'
import { certificates, signed } from '../../adapters/r2/certificates.ts'
import { erasureStores } from '../../adapters/erasure/stores.ts'
import { moveStore } from '../../adapters/move/moves.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { erasure } from '../../services/erasure/work.ts'
import type { JobWork } from '../../services/job/port.ts'
import { auditTools, type Env } from '../deps.ts'
import { tellAudit } from '../deps-audit.ts'

/** Erasing a person from one organization, bound to the stores of its cell only. */
export function erasureWork(env: Env, tenant: Tenant, now = () => Date.now()): JobWork {
  const stores = cellFor(env, tenant.cell)
  const places = {
    db: stores.shard(tenant.shard),
    bucket: stores.bucket,
    budget: stores.object(env.TENANT_BUDGET, tenant.org_id),
    alerts: stores.object(env.ORG_ALERTS, tenant.org_id),
    feed: (projectId: string) => stores.object(env.LIVE_FEED, projectId),
    projects: () => moveStore(env.CONTROL).projects(tenant.org_id),
  }
  return erasure(
    {
      stores: erasureStores(tenant, places),
      async keepCertificate(certificate) {
        const whole = await signed(certificate, await auditTools(env).signer())
        await certificates(stores.bucket).put(certificate.erasure_id, whole)
      },
      audit: (record) => tellAudit(env, tenant, record),
      now,
    },
    tenant,
  )
}
