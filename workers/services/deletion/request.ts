import { UNDO_DAYS, type DeletedOrg, type DeletedProject } from '../../contract/deletion.ts'
import { AppError } from '../../domain/errors.ts'
import { recordOf } from '../key/manage.ts'
import type { Mail } from '../member/store.ts'
import type { PlacedKey } from '../move/keys.ts'
import type { KeyRecords, OrgRow, ProjectRow } from '../tenant/store.ts'

export const UNDO_MS = UNDO_DAYS * 86_400_000
/** A removal begins this long after the last moment of undo, so that none that was just allowed is overtaken. */
export const PURGE_AFTER_MS = UNDO_MS + 10 * 60_000
const iso = (ms: number) => new Date(ms).toISOString()

/** What is deleted and not yet removed, in the control database. */
export interface DeletionStore {
  /** False when it is the only one that is not deleted. */
  markProject(orgId: string, projectId: string, deletedMs: number | null): Promise<boolean>
  markOrg(orgId: string, deletedMs: number | null): Promise<void>
  deletedProjects(orgId: string): Promise<ProjectRow[]>
  /** Organizations that this person owns. */
  deletedOrgs(userId: string): Promise<OrgRow[]>
  ownersOf(orgId: string): Promise<{ id: string; email: string }[]>
}

export interface DeletionDeps {
  store: DeletionStore
  keysOf(orgId: string): Promise<PlacedKey[]>
  records: Pick<KeyRecords, 'put' | 'remove'>
  sendMail(mail: Mail): Promise<void>
  origin: string
  /** Whether the removal of what was deleted has begun. */
  isPurging(org: OrgRow, projectId: string | null): Promise<boolean>
  now(): number
}

export function deletedProjectView({ id, name, slug, deletedMs }: ProjectRow): DeletedProject {
  const at = deletedMs ?? 0
  return { id, name, slug, deleted_at: iso(at), purge_at: iso(at + UNDO_MS) }
}

export function deletedOrgView(org: OrgRow): DeletedOrg {
  const at = org.deletedMs ?? 0
  return {
    id: org.id,
    name: org.name,
    slug: org.slug,
    region: org.cell,
    deleted_at: iso(at),
    purge_at: iso(at + UNDO_MS),
  }
}

/** Hides a project, and refuses its keys, until it is taken back or removed. @throws AppError conflict for the last one. */
export async function deleteProject(
  deps: DeletionDeps,
  org: OrgRow,
  project: ProjectRow,
  others: readonly ProjectRow[],
): Promise<DeletedProject> {
  if (others.every(({ id }) => id === project.id)) throw lastProject()
  // The edge first: what dies in between leaves keys that are refused, not keys that nobody sees.
  for (const { row } of await deps.keysOf(org.id)) if (row.projectId === project.id) await deps.records.remove(row.hash)
  const deletedMs = deps.now()
  if (!(await deps.store.markProject(org.id, project.id, deletedMs))) {
    await publish(deps, org.id, ({ row }) => row.projectId === project.id)
    throw lastProject()
  }
  return deletedProjectView({ ...project, deletedMs })
}

/** @throws AppError not_found, or conflict when its removal has begun. */
export async function restoreProject(deps: DeletionDeps, org: OrgRow, projectId: string): Promise<ProjectRow> {
  const project = (await deps.store.deletedProjects(org.id)).find(({ id }) => id === projectId)
  if (project === undefined) throw new AppError('not_found', 'There is no such deleted project.')
  if (isOver(deps, project) || (await deps.isPurging(org, projectId))) throw tooLate()
  // The edge first: what dies in between can be asked for again.
  await publish(deps, org.id, ({ row }) => row.projectId === projectId)
  await deps.store.markProject(org.id, projectId, null)
  return { ...project, deletedMs: null }
}

/** Hides an organization, refuses all its keys, and tells its owners how to take that back. @throws AppError invalid_input. */
export async function deleteOrg(deps: DeletionDeps, org: OrgRow, confirm: string, by: string): Promise<DeletedOrg> {
  if (confirm !== org.slug)
    throw new AppError('invalid_input', `Confirm with the organization's slug, "${org.slug}".`, {
      errors: [{ pointer: '/confirm', detail: 'is not the slug' }],
    })
  const owners = await deps.store.ownersOf(org.id)
  for (const { row } of await deps.keysOf(org.id)) await deps.records.remove(row.hash)
  const deletedMs = deps.now()
  await deps.store.markOrg(org.id, deletedMs)
  const view = deletedOrgView({ ...org, deletedMs })
  const text = `${by} has deleted the organization ${org.name}.\n\nNobody can enter it, and its keys are refused. On ${view.purge_at.slice(0, 10)} everything it has is removed for good. Until then an owner can take it back:\n\n${deps.origin}/deleted\n`
  for (const { email } of owners)
    await deps.sendMail({ to: email, subject: `${org.name} was deleted`, text }).catch(() => {})
  return view
}

/** @throws AppError not_found for whoever did not own it, or conflict when its removal has begun. */
export async function restoreOrg(deps: DeletionDeps, userId: string, orgId: string): Promise<OrgRow> {
  const org = (await deps.store.deletedOrgs(userId)).find(({ id }) => id === orgId)
  if (org === undefined) throw new AppError('not_found', 'There is no such deleted organization.')
  if (isOver(deps, org) || (await deps.isPurging(org, null))) throw tooLate()
  await publish(deps, org.id, ({ place }) => place.project?.deletedMs == null)
  await deps.store.markOrg(org.id, null)
  return { ...org, deletedMs: null }
}

async function publish(deps: DeletionDeps, orgId: string, isOf: (key: PlacedKey) => boolean): Promise<void> {
  for (const key of (await deps.keysOf(orgId)).filter(isOf)) {
    const { row, place, principal } = key
    if (row.revokedMs === null && principal?.disabledMs == null)
      await deps.records.put(row.hash, recordOf(row, place, principal))
  }
}

const isOver = (deps: DeletionDeps, { deletedMs }: { deletedMs: number | null }) =>
  deps.now() > (deletedMs ?? 0) + UNDO_MS

const lastProject = () =>
  new AppError('conflict', 'An organization has a project: make another one first, or delete the organization.')

const tooLate = () => new AppError('conflict', 'It is too late: everything it had is being removed.')
