import {
  SAVED_VIEWS_MAX,
  type SavedView,
  type SavedViewCreate,
  type SavedViewUpdate,
} from '../../contract/dashboard.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import {
  changedView,
  contentOf,
  isOwn,
  isSeen,
  mayChange,
  queryOf,
  type SavedRow,
  type Viewer,
} from '../../domain/saved-view.ts'
import type { ViewDeps } from './port.ts'

const RANDOM_BYTES = 13
const MISSING = 'There is no such saved view.'
const iso = (ms: number) => new Date(ms).toISOString()

/** The asker's own and the shared ones, newest first. */
export async function listViews(deps: ViewDeps, tenant: Tenant, viewer: Viewer): Promise<SavedView[]> {
  const [rows, names] = await Promise.all([deps.store.list(tenant), namesFor(deps, tenant, viewer)])
  return rows.filter((row) => isSeen(row, viewer)).map((row) => viewOf(row, viewer, names))
}

/** @throws AppError not_found. */
export async function readView(deps: ViewDeps, tenant: Tenant, viewer: Viewer, id: string): Promise<SavedView> {
  const [row, names] = await Promise.all([find(deps, tenant, viewer, id), namesFor(deps, tenant, viewer)])
  return viewOf(row, viewer, names)
}

/** @throws AppError conflict when there are too many, unavailable. */
export async function createView(
  deps: ViewDeps,
  tenant: Tenant,
  viewer: Viewer,
  body: SavedViewCreate,
): Promise<SavedView> {
  const nowMs = deps.now()
  const row: SavedRow = {
    id: newId('view', nowMs, deps.random(RANDOM_BYTES)),
    name: body.name,
    ownerId: viewer.personId,
    shared: body.shared,
    ...contentOf(body),
    createdMs: nowMs,
    updatedMs: nowMs,
    version: 1,
  }
  if (!(await deps.store.add(tenant, row, SAVED_VIEWS_MAX)))
    throw new AppError(
      'conflict',
      `An organization keeps at most ${SAVED_VIEWS_MAX} views and dashboards, private ones included: delete one that is no longer used.`,
    )
  return viewOf(row, viewer, await namesFor(deps, tenant, viewer))
}

/** @throws AppError not_found, forbidden, invalid_input, conflict, unavailable. */
export async function updateView(
  deps: ViewDeps,
  tenant: Tenant,
  viewer: Viewer,
  { id, change }: { id: string; change: SavedViewUpdate },
): Promise<SavedView> {
  const row = await findToChange(deps, tenant, viewer, id)
  if (row.version !== change.version) throw changedMeanwhile(row, change.version)
  if (change.shared === false && !isOwn(row, viewer))
    throw new AppError('forbidden', 'Only its owner can make it private again. You may delete it for everybody.')
  const next = changedView(row, change)
  if ('pointer' in next) throw new AppError('invalid_input', `${next.pointer}: ${next.detail}.`, { errors: [next] })
  const updated = { ...next, updatedMs: deps.now() }
  if (!(await deps.store.replace(tenant, updated))) throw changedMeanwhile(row, null)
  return viewOf({ ...updated, version: row.version + 1 }, viewer, await namesFor(deps, tenant, viewer))
}

/** @throws AppError not_found, forbidden, conflict, unavailable. */
export async function removeView(deps: ViewDeps, tenant: Tenant, viewer: Viewer, id: string): Promise<SavedView> {
  const row = await findToChange(deps, tenant, viewer, id)
  const names = await namesFor(deps, tenant, viewer)
  if (!(await deps.store.remove(tenant, id, row.version))) throw changedMeanwhile(row, null)
  return viewOf(row, viewer, names)
}

/** What a member who leaves has kept. While the organization moves it stays: nobody sees it, and they may come back. */
export async function leaveViews({ store }: ViewDeps, tenant: Tenant, userId: string): Promise<void> {
  try {
    await store.forgetOwner(tenant, userId)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unavailable') throw error
  }
}

/** One answer for what is not there and for what is somebody else's alone. */
async function find({ store }: ViewDeps, tenant: Tenant, viewer: Viewer, id: string): Promise<SavedRow> {
  const row = await store.find(tenant, id)
  if (row === null || !isSeen(row, viewer)) throw new AppError('not_found', MISSING)
  return row
}

async function findToChange(deps: ViewDeps, tenant: Tenant, viewer: Viewer, id: string): Promise<SavedRow> {
  const row = await find(deps, tenant, viewer, id)
  if (!mayChange(row, viewer))
    throw new AppError('forbidden', 'Its owner changes it, or an owner or admin of the organization. Save a copy.')
  return row
}

/** An API key is told of no person. */
async function namesFor(deps: ViewDeps, tenant: Tenant, { personId }: Viewer) {
  return personId === null ? new Map<string, string>() : deps.namesOf(tenant.org_id)
}

function changedMeanwhile({ version }: SavedRow, given: number | null): AppError {
  const which = given === null ? '' : ` (it has version ${version}, yours is ${given})`
  return new AppError('conflict', `It was changed meanwhile${which}: load it again, and repeat your change there.`)
}

function viewOf(row: SavedRow, viewer: Viewer, names: ReadonlyMap<string, string>): SavedView {
  const about = {
    id: row.id,
    name: row.name,
    shared: row.shared,
    mine: isOwn(row, viewer),
    editable: mayChange(row, viewer),
    owner_name: (row.ownerId === null ? undefined : names.get(row.ownerId)) ?? null,
    created_at: iso(row.createdMs),
    updated_at: iso(row.updatedMs),
    version: row.version,
  }
  const query = queryOf(row.params)
  return row.page === null
    ? { ...about, kind: 'dashboard', content: { panels: row.panels ?? [], query } }
    : { ...about, kind: 'view', content: { path: row.page, query } }
}
