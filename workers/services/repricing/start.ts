import { REPRICING_DAYS_MAX, REPRICING_STEPS, type Repricing, type RepricingCreate } from '../../contract/repricing.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import type { Job } from '../job/port.ts'
import { startJob, type JobDeps } from '../job/run.ts'
import type { RepricingInput } from './port.ts'
import { repricingView } from './view.ts'

const LISTED_MAX = 100
const DAY_MS = 86_400_000
const SAVE_TRIES = 5

/**
 * Begins to price a stretch of time anew, or to say what that would change.
 * @param projects those of the organization that are asked about.
 * @throws AppError invalid_input for a range without time or of too much, conflict while another is under way.
 */
export async function startRepricing(
  deps: JobDeps,
  tenant: Tenant,
  projects: readonly string[],
  asked: RepricingCreate,
): Promise<Repricing> {
  const [from_ms, to_ms] = [Date.parse(asked.from), Date.parse(asked.to)]
  if (to_ms <= from_ms) throw invalid('/to', 'The end must be after the start.')
  if (to_ms - from_ms > REPRICING_DAYS_MAX * DAY_MS)
    throw invalid('/from', `Ask for ${REPRICING_DAYS_MAX} days at most.`)
  if (projects.length === 0) throw invalid('/project_id', 'There is no such project in this organization.')
  const running = (await deps.store.list(tenant, 'repricing', 1)).some(({ state }) => state === 'running')
  if (running) throw new AppError('conflict', 'A repricing is under way: wait for its end, or cancel it.')
  const input: RepricingInput = {
    from_ms,
    to_ms,
    project_id: asked.project_id ?? null,
    provider: asked.provider ?? null,
    model: asked.model ?? null,
    sources: [...new Set(asked.sources)],
    dry_run: asked.dry_run,
    projects: [...projects],
    changes: [],
  }
  return repricingView(await startJob(deps, tenant, 'repricing', REPRICING_STEPS[0], input))
}

/** Newest first. */
export async function listRepricings(deps: JobDeps, tenant: Tenant): Promise<Repricing[]> {
  return (await deps.store.list(tenant, 'repricing', LISTED_MAX)).map(repricingView)
}

/** @throws AppError not_found. */
export async function readRepricing(deps: JobDeps, tenant: Tenant, id: string): Promise<Repricing> {
  return repricingView(await find(deps, tenant, id))
}

/** Ends it where it is: what was booked stays. @throws AppError not_found, or conflict when it has ended. */
export async function cancelRepricing(deps: JobDeps, tenant: Tenant, id: string): Promise<Repricing> {
  // Whoever works on it may have written it in between.
  for (let tries = 0; tries < SAVE_TRIES; tries++) {
    const job = await find(deps, tenant, id)
    if (job.state !== 'running') throw new AppError('conflict', 'This repricing has ended.')
    const now = deps.now()
    const cancelled = await deps.store.save(tenant, { ...job, state: 'cancelled', endedMs: now }, now).catch(() => null)
    if (cancelled !== null) return repricingView(cancelled)
  }
  throw new AppError('conflict', 'This repricing is being worked on at this moment: try again.')
}

async function find(deps: JobDeps, tenant: Tenant, id: string): Promise<Job> {
  const job = await deps.store.find(tenant, 'repricing', id)
  if (job === null) throw new AppError('not_found', 'There is no such repricing.')
  return job
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
