import type * as z from 'zod'
import type { Invitation, InvitationCreate, InvitationOffer, Role } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { hex } from '../../domain/hex.ts'
import { newId } from '../../domain/id.ts'
import type { OrgRow } from '../tenant/store.ts'
import { assertRestriction, assertRole } from './manage.ts'
import type { InvitationRow, MemberDeps, OfferRow } from './store.ts'

const OPEN_MS = 7 * 86_400_000
const RANDOM_BYTES = 13
const TOKEN_BYTES = 24

export interface Inviter {
  id: string
  name: string
  role: Role
}

export function invitationView(row: InvitationRow, nowMs: number): Invitation {
  return {
    id: row.id,
    email: row.email,
    role: row.role,
    project_ids: row.projectIds,
    invited_by: row.invitedBy,
    created_at: new Date(row.createdMs).toISOString(),
    expires_at: new Date(row.expiresMs).toISOString(),
    state: stateOf(row, nowMs),
  }
}

/** Invites an address by mail. An open invitation to it is replaced, so its old link no longer works. */
export async function invite(
  deps: MemberDeps,
  org: OrgRow,
  inviter: Inviter,
  input: z.infer<typeof InvitationCreate>,
): Promise<Invitation> {
  assertRole(inviter.role, null, input.role)
  assertRestriction(input.role, input.project_ids)
  const email = input.email.toLowerCase()
  if ((await deps.members.members(org.id)).some((member) => member.email === email))
    throw new AppError('conflict', 'This person is a member already.', {
      errors: [{ pointer: '/email', detail: 'a member already' }],
    })
  const now = deps.now()
  const token = hex(deps.random(TOKEN_BYTES))
  const row: InvitationRow = {
    id: newId('invitation', now, deps.random(RANDOM_BYTES)),
    orgId: org.id,
    email,
    role: input.role,
    projectIds: input.project_ids,
    tokenHash: deps.sha256(token),
    invitedBy: inviter.id,
    createdMs: now,
    expiresMs: now + OPEN_MS,
    acceptedMs: null,
    revokedMs: null,
  }
  await deps.members.invite(row)
  await deps.sendMail({
    to: email,
    subject: `${inviter.name} invites you to ${org.name} on AgentOps`,
    text: `${inviter.name} invites you to the organization "${org.name}" on AgentOps, as ${input.role}.\n\nTo accept, open this link within seven days:\n\n${deps.origin}/invite/${token}\n\nIf you do not know what this is about, do nothing: without the link nobody joins.\n`,
  })
  return invitationView(row, now)
}

/** What whoever holds the link may know. */
export async function readOffer(deps: MemberDeps, token: string): Promise<InvitationOffer> {
  const offer = await openOffer(deps, token)
  return {
    org_name: offer.orgName,
    org_slug: offer.orgSlug,
    email: offer.email,
    role: offer.role,
    invited_by: offer.inviterName,
    expires_at: new Date(offer.expiresMs).toISOString(),
  }
}

/** Makes the person whose address was invited a member. */
export async function acceptInvitation(
  deps: MemberDeps,
  person: { id: string; email: string },
  token: string,
): Promise<OfferRow> {
  const offer = await openOffer(deps, token)
  if (offer.email !== person.email.toLowerCase())
    throw new AppError('forbidden', `This invitation is for ${offer.email}: sign in with that address.`)
  await deps.members.accept(offer, person.id, deps.now())
  return offer
}

async function openOffer(deps: MemberDeps, token: string): Promise<OfferRow> {
  const offer = await deps.members.offer(deps.sha256(token))
  if (offer === null || stateOf(offer, deps.now()) !== 'open')
    throw new AppError('not_found', 'This invitation does not exist, was used or has expired. Ask for another one.')
  return offer
}

function stateOf(row: InvitationRow, nowMs: number): Invitation['state'] {
  if (row.acceptedMs !== null) return 'accepted'
  if (row.revokedMs !== null) return 'revoked'
  return row.expiresMs <= nowMs ? 'expired' : 'open'
}
