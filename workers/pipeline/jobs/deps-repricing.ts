import { cellFor } from '../../adapters/cells.ts'
import { repricingStore } from '../../adapters/d1/repricing-store.ts'
import { openPrices } from '../../adapters/prices/books.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { followCommit } from '../../services/ingest/apply.ts'
import type { JobWork } from '../../services/job/port.ts'
import { repricing } from '../../services/repricing/work.ts'
import { commitSinks, newCommitId, type Env } from '../deps.ts'
import { tellAudit } from '../deps-audit.ts'
import { metricsSink } from '../../adapters/metrics/analytics-engine/sink.ts'

/** Pricing a stretch of one organization's ledger anew, bound to the stores of its cell only. */
export function repricingWork(env: Env, tenant: Tenant, now = () => Date.now()): JobWork {
  const stores = cellFor(env, tenant.cell)
  return repricing({
    ...repricingStore(stores.shard(tenant.shard), tenant, newCommitId, now),
    openPrices: () => openPrices(env, tenant),
    async follow(delta) {
      // Analytics Engine has no jurisdictions: only the global cell may reach it.
      const metrics = tenant.cell === 'global' ? metricsSink(env.METRICS, Math.random) : null
      await followCommit(commitSinks(env, stores, metrics), tenant, delta)
      metrics?.flush()
    },
    audit: (record) => tellAudit(env, tenant, record),
    now,
  })
}
