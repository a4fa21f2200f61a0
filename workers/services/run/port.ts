import type { Compared, SessionSums } from '../../contract/compare.ts'
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
  /** The newest runs of a workflow with one value of two, and how many had both. */
  compared(
    tenant: Tenant,
    range: RunRange,
    workflow: string,
    of: Compared,
    values: [a: string, b: string],
  ): Promise<{ a: Runs; b: Runs; mixed: number }>
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
