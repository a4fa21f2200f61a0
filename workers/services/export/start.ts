import { EXPORT_KEPT_DAYS, EXPORT_STEPS, type Export, type ExportStep } from '../../contract/export.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import type { Job } from '../job/port.ts'
import { startJob, type JobDeps } from '../job/run.ts'

const KEPT_MS = EXPORT_KEPT_DAYS * 86_400_000
const LISTED_MAX = 100
const iso = (ms: number) => new Date(ms).toISOString()

export function exportView(job: Job, nowMs: number): Export {
  const { files = 0, rows = 0, bytes = 0 } = job.numbers['files'] ?? {}
  const ends = job.endedMs === null ? null : job.endedMs + KEPT_MS
  return {
    id: job.id,
    state: job.state === 'done' && ends !== null && ends < nowMs ? 'expired' : job.state,
    step: job.step as ExportStep,
    detail: job.detail,
    rows,
    files,
    bytes,
    created_at: iso(job.createdMs),
    ended_at: job.endedMs === null ? null : iso(job.endedMs),
    expires_at: job.state === 'done' && ends !== null ? iso(ends) : null,
  }
}

/** @throws AppError conflict while one is under way, or the organization moves. */
export async function startExport(deps: JobDeps, tenant: Tenant): Promise<Export> {
  const running = (await deps.store.list(tenant, 'export', 1)).some(({ state }) => state === 'running')
  if (running) throw new AppError('conflict', 'An export is under way: wait for its end, or cancel it.')
  return exportView(await startJob(deps, tenant, 'export', EXPORT_STEPS[0], { ledger: {} }), deps.now())
}

/** Newest first. */
export async function listExports(deps: JobDeps, tenant: Tenant): Promise<Export[]> {
  return (await deps.store.list(tenant, 'export', LISTED_MAX)).map((job) => exportView(job, deps.now()))
}

/** @throws AppError not_found. */
export async function readExport(deps: JobDeps, tenant: Tenant, id: string): Promise<Export> {
  return exportView(await find(deps, tenant, id), deps.now())
}

/** @throws AppError not_found, or conflict when it has ended. */
export async function cancelExport(deps: JobDeps, tenant: Tenant, id: string): Promise<Export> {
  // Whoever works on it may have written it in between.
  for (let tries = 0; tries < 5; tries++) {
    const job = await find(deps, tenant, id)
    if (job.state !== 'running') throw new AppError('conflict', 'This export has ended.')
    const now = deps.now()
    const cancelled = await deps.store.save(tenant, { ...job, state: 'cancelled', endedMs: now }, now).catch(() => null)
    if (cancelled !== null) return exportView(cancelled, now)
  }
  throw new AppError('conflict', 'This export is being worked on at this moment: try again.')
}

/** @throws AppError not_found, or conflict unless it is there to be taken. */
export async function downloadable(
  deps: JobDeps,
  tenant: Tenant,
  id: string,
  isThere: () => Promise<boolean>,
): Promise<Export> {
  const found = await readExport(deps, tenant, id)
  if (found.state === 'done' && !(await isThere()))
    throw new AppError('conflict', 'This export was removed with what was erased or deleted since: make another.')
  if (found.state === 'done') return found
  throw new AppError(
    'conflict',
    found.state === 'expired' ? 'This export was removed after seven days: make another.' : 'This export is not done.',
  )
}

async function find(deps: JobDeps, tenant: Tenant, id: string): Promise<Job> {
  const job = await deps.store.find(tenant, 'export', id)
  if (job === null) throw new AppError('not_found', 'There is no such export.')
  return job
}
