import type { LiveFeed } from '../pipeline/objects/live-feed.ts'
import type { OrgAlerts } from '../pipeline/objects/org-alerts.ts'
import type { OrgJobs } from '../pipeline/objects/org-jobs.ts'
import type { OrgMove } from '../pipeline/objects/org-move.ts'
import type { TenantAudit } from '../pipeline/objects/tenant-audit.ts'
import type { TenantBudget } from '../pipeline/objects/tenant-budget.ts'

/** The api's bindings; objects of the pipeline carry their classes. */
export type Env = Omit<
  ApiEnv,
  'LIVE_FEED' | 'ORG_ALERTS' | 'ORG_JOBS' | 'ORG_MOVE' | 'TENANT_AUDIT' | 'TENANT_BUDGET'
> & {
  LIVE_FEED: DurableObjectNamespace<LiveFeed>
  ORG_ALERTS: DurableObjectNamespace<OrgAlerts>
  ORG_JOBS: DurableObjectNamespace<OrgJobs>
  ORG_MOVE: DurableObjectNamespace<OrgMove>
  TENANT_AUDIT: DurableObjectNamespace<TenantAudit>
  TENANT_BUDGET: DurableObjectNamespace<TenantBudget>
  /** A secret that may be left out: an API token that may read the account's analytics. */
  ANALYTICS_TOKEN?: string
}
