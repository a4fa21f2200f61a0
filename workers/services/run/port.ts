import type { SessionSums } from '../../contract/compare.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Runs } from '../../domain/compare/compare.ts'

/** Which traces are looked at: of these projects, begun in the range (epoch milliseconds, the end exclusive). */
export interface RunRange {
  project_ids: readonly string[]
  from_ms: number
  to_ms: number
}

/** Whole traces of an organization, a bounded number of the newest. */
export interface RunStore {
  /** The newest runs of two versions of a workflow. */
  versions(tenant: Tenant, range: RunRange, workflow: string, versions: [string, string]): Promise<[Runs, Runs]>
  sessions(
    tenant: Tenant,
    range: RunRange,
    workflow: string | undefined,
  ): Promise<{
    rows: (SessionSums & { workflow_id: string })[]
    total: SessionSums
    /** Since when traces were looked at. */
    from_ms: number
    sampled: boolean
  }>
}
