import type { Role } from '../../contract/api.ts'

export interface MemberRow {
  userId: string
  name: string
  email: string
  role: Role
  /** Null: all of them. */
  projectIds: string[] | null
  twoFactorEnabled: boolean
  createdMs: number
}

export interface InvitationRow {
  id: string
  orgId: string
  email: string
  role: Role
  projectIds: string[] | null
  tokenHash: string
  invitedBy: string
  createdMs: number
  expiresMs: number
  acceptedMs: number | null
  revokedMs: number | null
}

export interface OfferRow extends InvitationRow {
  orgName: string
  orgSlug: string
  inviterName: string
}

/** Members and invitations of organizations, in the control database. */
export interface MemberStore {
  members(orgId: string): Promise<MemberRow[]>
  member(orgId: string, userId: string): Promise<MemberRow | null>
  /** False, and nothing is changed, when it would leave no owner. */
  change(orgId: string, userId: string, change: { role: Role; projectIds: string[] | null }): Promise<boolean>
  /** False, and nothing is changed, when it would leave no owner. */
  remove(orgId: string, userId: string): Promise<boolean>
  /** Makes one an owner and the other an admin, both or neither. */
  transfer(orgId: string, fromUserId: string, toUserId: string): Promise<void>
  invitations(orgId: string): Promise<InvitationRow[]>
  /** Takes the place of an open one to the same address. */
  invite(row: InvitationRow): Promise<void>
  revokeInvitation(orgId: string, id: string, nowMs: number): Promise<InvitationRow | null>
  offer(tokenHash: string): Promise<OfferRow | null>
  /** Makes the person a member once; the mail that brought the token also proves their address. */
  accept(offer: OfferRow, userId: string, nowMs: number): Promise<void>
}

export interface Mail {
  to: string
  subject: string
  text: string
  attachment?: { name: string; type: string; content: Uint8Array }
}

export interface MemberDeps {
  members: MemberStore
  sendMail(mail: Mail): Promise<void>
  /** Where the dashboard is reached, without a slash at its end. */
  origin: string
  now(): number
  random(bytes: number): Uint8Array
  sha256(text: string): string
}
