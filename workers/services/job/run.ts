import type { JobKind } from '../../contract/job.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import type { Job, JobStore, JobWork } from './port.ts'

const RANDOM_BYTES = 13

export interface JobDeps {
  store: JobStore
  /** Lets the organization's jobs go on; when that fails, a cron does within two minutes. */
  wake(tenant: Tenant): Promise<void>
  now(): number
  random(bytes: number): Uint8Array
}

/** Begins a job. @throws AppError conflict while the organization moves. */
export async function startJob(
  deps: JobDeps,
  tenant: Tenant,
  kind: JobKind,
  firstStep: string,
  input: Record<string, unknown>,
): Promise<Job> {
  const now = deps.now()
  const job: Job = {
    id: newId(kind, now, deps.random(RANDOM_BYTES)),
    orgId: tenant.org_id,
    kind,
    state: 'running',
    step: firstStep,
    cursor: {},
    input,
    numbers: {},
    detail: null,
    createdMs: now,
    updatedMs: now,
    endedMs: null,
    version: 0,
  }
  if (!(await deps.store.create(tenant, job)))
    throw new AppError('conflict', 'The organization is moving to another region: try again when it has arrived.')
  await deps.wake(tenant).catch(() => {})
  return job
}

/** Does one bounded unit of a job and keeps how far it came. What fails is for the caller to try again. */
export async function advanceJob(
  store: JobStore,
  tenant: Tenant,
  work: JobWork,
  kept: Job,
  nowMs: () => number,
): Promise<Job> {
  // A unit that fails must leave nothing in the job that the caller still holds.
  const job = structuredClone(kept)
  const { step } = job
  const cursor = await work.unit(job)
  if (cursor !== null) return store.save(tenant, { ...job, cursor, detail: null }, nowMs())
  const next = job.step === step ? work.steps[work.steps.indexOf(step) + 1] : job.step
  if (next !== undefined) return store.save(tenant, { ...job, step: next, cursor: {}, detail: null }, nowMs())
  return store.save(tenant, { ...job, cursor: {}, state: 'done', endedMs: nowMs(), detail: null }, nowMs())
}

/** Adds to what is counted of a store. */
export function count(job: Job, store: string, what: string, by: number): void {
  const numbers = (job.numbers[store] ??= {})
  numbers[what] = (numbers[what] ?? 0) + by
}
