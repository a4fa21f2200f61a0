import type { Tenant } from './tenant.ts'

/** Long work on one organization's data, done in bounded units by the object `OrgJobs`. */

export const JOB_KINDS = ['erasure', 'deletion', 'export', 'repricing'] as const
export type JobKind = (typeof JOB_KINDS)[number]

export const JOB_STATES = ['running', 'done', 'cancelled'] as const
export type JobState = (typeof JOB_STATES)[number]

/** The RPC of the OrgJobs Durable Object (one per organization). */
export interface OrgJobsRpc {
  /** Does the organization's jobs until none is open; asked twice it is asked once. */
  run(tenant: Tenant): Promise<void>
  /** Forgets whose jobs it did: the organization is gone. */
  wipe(): Promise<void>
}
