import type * as z from 'zod'
import type { Member, MemberUpdate, Role } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { restrictionRefusal, roleRefusal } from '../../domain/membership.ts'
import type { MemberDeps, MemberRow } from './store.ts'

const LAST_OWNER = 'An organization needs an owner: make someone else one first.'

export function memberView(row: MemberRow): Member {
  return {
    user_id: row.userId,
    name: row.name,
    email: row.email,
    role: row.role,
    project_ids: row.projectIds,
    two_factor_enabled: row.twoFactorEnabled,
    joined_at: new Date(row.createdMs).toISOString(),
  }
}

/** Changes a member's role or projects. @returns the member before and after. */
export async function changeMember(
  { members }: MemberDeps,
  orgId: string,
  actorRole: Role,
  userId: string,
  change: z.infer<typeof MemberUpdate>,
): Promise<{ before: Member; after: Member }> {
  const before = await memberOf(members, orgId, userId)
  const role = change.role ?? before.role
  assertRole(actorRole, before.role, role)
  const given = change.project_ids === undefined ? before.projectIds : change.project_ids
  // Who is raised to a role that sees everything is not asked to say so as well.
  const projectIds = change.project_ids === undefined && restrictionRefusal(role, true) !== null ? null : given
  assertRestriction(role, projectIds)
  if (!(await members.change(orgId, userId, { role, projectIds }))) throw new AppError('conflict', LAST_OWNER)
  return { before: memberView(before), after: memberView(await memberOf(members, orgId, userId)) }
}

/** Takes a member out of the organization; leaving is removing oneself. */
export async function removeMember(
  { members }: MemberDeps,
  orgId: string,
  actorRole: Role,
  userId: string,
  isLeaving = false,
): Promise<Member> {
  const before = await memberOf(members, orgId, userId)
  if (!isLeaving) assertRole(actorRole, before.role, before.role)
  if (!(await members.remove(orgId, userId))) throw new AppError('conflict', LAST_OWNER)
  return memberView(before)
}

/** Hands the organization to another member; the one who hands it over stays as an admin. */
export async function transferOwnership(
  { members }: MemberDeps,
  orgId: string,
  fromUserId: string,
  toUserId: string,
): Promise<{ before: Member; after: Member }> {
  if (fromUserId === toUserId) throw invalid('/user_id', 'This is you already.')
  const before = await memberOf(members, orgId, toUserId)
  await members.transfer(orgId, fromUserId, toUserId)
  return { before: memberView(before), after: memberView(await memberOf(members, orgId, toUserId)) }
}

export function assertRole(actor: Role, from: Role | null, to: Role): void {
  const refused = roleRefusal(actor, from, to)
  if (refused !== null) throw new AppError('forbidden', refused)
}

export function assertRestriction(role: Role, projectIds: string[] | null): void {
  const refused = restrictionRefusal(role, projectIds !== null)
  if (refused !== null) throw invalid('/project_ids', refused)
}

async function memberOf(members: MemberDeps['members'], orgId: string, userId: string): Promise<MemberRow> {
  const row = await members.member(orgId, userId)
  if (row === null) throw new AppError('not_found', 'There is no such member in this organization.')
  return row
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
