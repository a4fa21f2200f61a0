import type { LiveFeed } from '../pipeline/objects/live-feed.ts'
import type { TenantBudget } from '../pipeline/objects/tenant-budget.ts'
import type { Operations } from '../pipeline/operations.ts'

/** The edge's bindings; objects and entrypoints of other Workers carry their classes. */
export type Env = Omit<EdgeEnv, 'LIVE_FEED' | 'PIPELINE' | 'TENANT_BUDGET'> & {
  LIVE_FEED: DurableObjectNamespace<LiveFeed>
  TENANT_BUDGET: DurableObjectNamespace<TenantBudget>
  PIPELINE: Service<typeof Operations>
}
