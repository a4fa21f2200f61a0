import { copyObjects, eachPage, numbersOf, valuesOf } from './copy.ts'
import type { Home, MoveCursor, MoveDeps, MoveJob } from './port.ts'

const DRAINS_MAX = 50

/** The new cell works; the old one sends on what still comes. */
export async function open(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  const { orgId, from, to, cursor } = job
  const { tries } = cursor
  // Not for ever: what old records still bring is for `drain`.
  if (tries !== undefined)
    return (await deps.objects.drainJournal(job)) > 0 && tries < DRAINS_MAX ? { ...cursor, tries: tries + 1 } : null
  await deps.tables.depart(from, orgId, to, deps.now())
  await deps.tables.arrive(to, orgId)
  await deps.tables.release(to, orgId)
  await deps.publishKeys(orgId)
  await deps.actors.openAlerts(to, orgId)
  await deps.actors.moveFeeds(job, await deps.moves.projects(orgId))
  return { tries: 1 }
}

/** Nobody holds an old record now: what they wrote last is sent on. */
export async function drain(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  if (job.cursor.tries === undefined) {
    // A key that was made while the organization was switched may have an old record.
    await deps.publishKeys(job.orgId)
    return { tries: 1 }
  }
  if ((await deps.objects.drainJournal(job)) > 0) return job.cursor
  return copyObjects(deps, job)
}

export async function deleteTables(deps: MoveDeps, job: MoveJob, at: Home): Promise<MoveCursor | null> {
  return eachPage(deps, job, await deps.tables.list(job.from), async (table, value) => {
    const removed = await deps.tables.removeSome(at, job.orgId, table.name, value)
    numbersOf(job, table.name).deleted += removed
    return removed > 0 ? '' : null
  })
}

export async function deleteObjects(deps: MoveDeps, job: MoveJob, at: Home): Promise<MoveCursor | null> {
  const removed = await deps.objects.removeSome(at, job.orgId)
  numbersOf(job, 'objects').deleted += removed
  if (removed > 0) return job.cursor
  await deps.actors.wipe(at, job.orgId, await deps.moves.projects(job.orgId))
  return null
}

/** Nothing of the organization may be left; what is found is handed over and removed once more. */
export async function scan(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  if (await isEmpty(deps, job, job.from)) return null
  job.step = 'drain'
  return {}
}

async function isEmpty(deps: MoveDeps, job: MoveJob, at: Home): Promise<boolean> {
  for (const table of await deps.tables.list(job.from))
    for (const value of await valuesOf(deps, job, table))
      if ((await deps.tables.count(at, table.name, value)) > 0) return false
  if ((await deps.objects.count(at, job.orgId)) > 0) return false
  return (await deps.actors.count(at, job.orgId, await deps.moves.projects(job.orgId))) === 0
}

export async function finish(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  job.state = 'done'
  job.endedMs = deps.now()
  await deps.audit({ org_id: job.orgId, ...job.to }, job)
  await deps.tables.release(job.from, job.orgId)
  return null
}

/** Takes the copy away; the old cell goes on as if nothing had been. */
export async function undo(deps: MoveDeps, job: MoveJob): Promise<MoveCursor | null> {
  await deps.actors.unsealAudit(job)
  await deps.actors.openAlerts(job.from, job.orgId)
  await deps.tables.release(job.from, job.orgId)
  const tables = await deleteTables(deps, job, job.to)
  if (tables !== null) return tables
  const objects = await deleteObjects(deps, job, job.to)
  if (objects !== null) return objects
  if (!(await isEmpty(deps, job, job.to))) return {}
  job.state = 'cancelled'
  job.endedMs = deps.now()
  await deps.audit({ org_id: job.orgId, ...job.from }, job)
  await deps.tables.release(job.to, job.orgId)
  return null
}
