import { MOVE_STEPS, type MoveStep } from '../../contract/move.ts'
import * as copying from './copy.ts'
import * as leaving from './leave.ts'
import { Different, type MoveCursor, type MoveDeps, type MoveJob } from './port.ts'

/** Batches wait no longer than this: whatever keeps the switch from happening, the old cell then goes on. */
export const FREEZE_MS_MAX = 15 * 60_000
/** KV serves an old record for 30 s and an isolate for 20 s more (adapters/keys-kv.ts); a write may take a minute to spread. */
export const SETTLE_MS = 120_000
/** With fewer commits left than this the freeze begins. */
const COMMITS_LEFT = 20

/** One unit of a step's work: where the step is after it, or null when the step is done. */
type Work = (deps: MoveDeps, job: MoveJob) => Promise<MoveCursor | null>

const WORK: Record<MoveStep, Work> = {
  prepare,
  copy_tables: (deps, job) => copying.copyTables(deps, job, ['log', 'held']),
  copy_objects: copying.copyObjects,
  catch_up: (deps, job) => copying.followLog(deps, job, COMMITS_LEFT),
  freeze,
  last_changes: (deps, job) => copying.followLog(deps, job, 1),
  copy_rest: (deps, job) => copying.copyTables(deps, job, ['freeze']),
  last_objects: copying.copyObjects,
  copy_budget: copying.copyBudget,
  verify_tables: copying.verifyTables,
  verify_objects: copying.verifyObjects,
  copy_alerts: copying.copyAlerts,
  copy_audit: copying.copyAudit,
  switch: switchHome,
  open: leaving.open,
  wait: async (deps, { cursor }) => (deps.now() < (cursor.untilMs ?? 0) ? cursor : null),
  drain: leaving.drain,
  delete_tables: (deps, job) => leaving.deleteTables(deps, job, job.from),
  delete_objects: (deps, job) => leaving.deleteObjects(deps, job, job.from),
  scan: leaving.scan,
  finish: leaving.finish,
  undo: leaving.undo,
}

/**
 * Does one bounded unit of a move and keeps how far it came. Killed anywhere, the unit is done again: each may be
 * repeated. What fails is for the caller to try again; what differs stops the job.
 */
export async function advance(deps: MoveDeps, kept: MoveJob): Promise<MoveJob> {
  // A unit that fails must leave nothing in the job that the caller still holds.
  const job = structuredClone(kept)
  if (job.state !== 'running') return job
  if (job.cancelMs !== null && job.switchedMs === null && job.step !== 'undo')
    return deps.moves.save({ ...job, step: 'undo', cursor: {} }, deps.now())
  const { step } = job
  deps.checkpoint(`before ${step}`)
  let cursor: MoveCursor | null
  try {
    if (isOverdue(deps, job)) throw new Different('the switch could not be made in time')
    cursor = await WORK[step](deps, job)
  } catch (error) {
    if (error instanceof Different) return stop(deps, job, error.message)
    throw error
  }
  deps.checkpoint(`after ${step}`)
  if (cursor !== null || job.endedMs !== null)
    return deps.moves.save({ ...job, cursor: cursor ?? {}, detail: null }, deps.now())
  const next = MOVE_STEPS[MOVE_STEPS.indexOf(step) + 1] ?? 'finish'
  return deps.moves.save({ ...job, step: next, cursor: firstCursor(deps, job, next), detail: null }, deps.now())
}

function firstCursor(deps: MoveDeps, { cursor }: MoveJob, step: MoveStep): MoveCursor {
  if (step === 'wait') return { untilMs: deps.now() + SETTLE_MS }
  return cursor.since === undefined ? {} : { since: cursor.since }
}

function isOverdue(deps: MoveDeps, { frozenMs, switchedMs, step }: MoveJob): boolean {
  return step !== 'undo' && frozenMs !== null && switchedMs === null && deps.now() - frozenMs > FREEZE_MS_MAX
}

/** Lets the old cell go on, and says what differed; the copy stays until the move is cancelled. */
async function stop(deps: MoveDeps, job: MoveJob, detail: string): Promise<MoveJob> {
  await deps.actors.unsealAudit(job)
  await deps.actors.openAlerts(job.from, job.orgId)
  await deps.tables.release(job.from, job.orgId)
  const stopped: MoveJob = { ...job, state: 'stopped', detail }
  await deps.audit({ org_id: job.orgId, ...job.from }, stopped)
  return deps.moves.save(stopped, deps.now())
}

async function prepare(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  await deps.tables.hold(job.to, job, { commits: true, jobs: true })
  await deps.tables.hold(job.from, job, { commits: false, jobs: true })
  job.cursor = { since: await deps.tables.lastSeq(job.from, job.orgId) }
  return null
}

async function freeze(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  job.frozenMs = deps.now()
  await deps.tables.hold(job.from, job, { commits: true, jobs: true })
  return null
}

/** The one moment at which the organization has its new cell. */
async function switchHome(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const now = deps.now()
  // A move that was cancelled until this moment is undone at the next.
  if (!(await deps.moves.switchHome(job, now))) throw new Error('the move was cancelled at this moment')
  job.switchedMs = now
  return null
}
