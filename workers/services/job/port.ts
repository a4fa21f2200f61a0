import type { JobKind, JobState } from '../../contract/job.ts'
import type { Tenant } from '../../contract/tenant.ts'

/** Where a step is; each begins with an empty one. */
export type Cursor = Record<string, unknown>

/** A job as it is kept: everything that is needed to go on with it. */
export interface Job {
  id: string
  orgId: string
  kind: JobKind
  state: JobState
  step: string
  cursor: Cursor
  /** What was asked for; null once the job no longer needs it. */
  input: Record<string, unknown> | null
  /** Counts by store, to be shown. */
  numbers: Record<string, Record<string, number>>
  detail: string | null
  createdMs: number
  updatedMs: number
  endedMs: number | null
  version: number
}

/** The jobs of organizations, in the data shard of each. */
export interface JobStore {
  /** False while the organization moves. */
  create(tenant: Tenant, job: Job): Promise<boolean>
  find(tenant: Tenant, kind: JobKind, id: string): Promise<Job | null>
  /** Newest first. */
  list(tenant: Tenant, kind: JobKind, limit: number): Promise<Job[]>
  /** The oldest that is not at its end. */
  next(tenant: Tenant): Promise<Job | null>
  /** @throws when somebody else has written the job meanwhile. */
  save(tenant: Tenant, job: Job, nowMs: number): Promise<Job>
  /** Of an organization that is gone. */
  removeAll(tenant: Tenant): Promise<void>
}

/** How one kind of job is done. */
export interface JobWork {
  /** In this order. */
  steps: readonly [string, ...string[]]
  /**
   * One bounded unit of `job.step`: where the step is after it, or null when the step is done. Killed anywhere, it is
   * done again. May change the job's numbers, input and detail, and its step, to go back.
   */
  unit(job: Job): Promise<Cursor | null>
  /** Whether the organization is gone with this job; then its jobs go too. */
  isLast?(job: Job): boolean
}
