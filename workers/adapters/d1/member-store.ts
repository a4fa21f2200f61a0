import { and, asc, desc, eq, isNull, sql } from 'drizzle-orm'
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1'
import type { MemberRow, MemberStore } from '../../services/member/store.ts'
import { invitation, member, memberProject, organization, project, user } from './control-schema.ts'

type InvitationTables = 'invitations' | 'invite' | 'revokeInvitation' | 'offer' | 'accept'

/** Members and invitations, through drizzle on the control database. */
export function memberStore(d1: D1Database): MemberStore {
  const db = drizzle(d1)
  return { ...memberTables(db), ...invitationTables(db) }
}

/** Of one statement with the change that it guards, so that two owners cannot both leave at once. */
const notLastOwner = (orgId: string, userId: string) =>
  sql`(${member.role} <> 'owner' OR EXISTS (SELECT 1 FROM member other WHERE other.org_id = ${orgId} AND other.role = 'owner' AND other.user_id <> ${userId}))`

function memberTables(db: DrizzleD1Database): Omit<MemberStore, InvitationTables> {
  const of = (orgId: string, userId: string) => and(eq(member.orgId, orgId), eq(member.userId, userId))
  const find = async (orgId: string, userId?: string): Promise<MemberRow[]> => {
    const rows = await db
      .select({
        userId: member.userId,
        name: user.name,
        email: user.email,
        role: member.role,
        restricted: member.restricted,
        twoFactorEnabled: user.twoFactorEnabled,
        createdMs: member.createdMs,
        projectIds: sql<string>`(SELECT json_group_array(project_id) FROM member_project p WHERE p.org_id = ${member.orgId} AND p.user_id = ${member.userId})`,
      })
      .from(member)
      .innerJoin(user, eq(user.id, member.userId))
      .where(userId === undefined ? eq(member.orgId, orgId) : of(orgId, userId))
      .orderBy(asc(user.name), asc(user.email))
    return rows.map(({ restricted, projectIds, ...row }) => ({
      ...row,
      projectIds: restricted ? (JSON.parse(projectIds) as string[]) : null,
    }))
  }
  return {
    members: (orgId) => find(orgId),
    member: async (orgId, userId) => (await find(orgId, userId))[0] ?? null,
    async change(orgId, userId, { role, projectIds }) {
      const guard = role === 'owner' ? undefined : notLastOwner(orgId, userId)
      const [changed] = await db.batch([
        db
          .update(member)
          .set({ role, restricted: projectIds !== null })
          .where(and(of(orgId, userId), guard))
          .returning({ userId: member.userId }),
        db.delete(memberProject).where(and(eq(memberProject.orgId, orgId), eq(memberProject.userId, userId))),
        addProjects(db, orgId, userId, projectIds),
      ])
      return changed.length > 0
    },
    async remove(orgId, userId) {
      const removed = await db
        .delete(member)
        .where(and(of(orgId, userId), notLastOwner(orgId, userId)))
        .returning({ userId: member.userId })
      return removed.length > 0
    },
    async transfer(orgId, fromUserId, toUserId) {
      await db.batch([
        db.update(member).set({ role: 'owner', restricted: false }).where(of(orgId, toUserId)),
        // Whom it was handed to may have left meanwhile.
        db
          .update(member)
          .set({ role: 'admin' })
          .where(and(of(orgId, fromUserId), notLastOwner(orgId, fromUserId))),
      ])
    },
  }
}

/** Only projects of the organization, and only for who is restricted by now. */
function addProjects(db: DrizzleD1Database, orgId: string, userId: string, projectIds: string[] | null) {
  return db
    .insert(memberProject)
    .select(
      db
        .select({ orgId: member.orgId, userId: member.userId, projectId: project.id })
        .from(member)
        .innerJoin(project, eq(project.orgId, member.orgId))
        .where(
          and(
            eq(member.orgId, orgId),
            eq(member.userId, userId),
            eq(member.restricted, true),
            sql`${project.id} IN (SELECT value FROM json_each(${JSON.stringify(projectIds ?? [])}))`,
          ),
        ),
    )
    .onConflictDoNothing()
}

function invitationTables(db: DrizzleD1Database): Pick<MemberStore, InvitationTables> {
  const open = and(isNull(invitation.acceptedMs), isNull(invitation.revokedMs))
  return {
    invitations: (orgId) =>
      db.select().from(invitation).where(eq(invitation.orgId, orgId)).orderBy(desc(invitation.createdMs)).limit(200),
    async invite(row) {
      await db.batch([
        db
          .update(invitation)
          .set({ revokedMs: row.createdMs })
          .where(and(eq(invitation.orgId, row.orgId), eq(invitation.email, row.email), open)),
        db.insert(invitation).values(row),
      ])
    },
    async revokeInvitation(orgId, id, nowMs) {
      const rows = await db
        .update(invitation)
        .set({ revokedMs: nowMs })
        .where(and(eq(invitation.orgId, orgId), eq(invitation.id, id), isNull(invitation.acceptedMs)))
        .returning()
      return rows[0] ?? null
    },
    async offer(tokenHash) {
      const rows = await db
        .select({ invitation, orgName: organization.name, orgSlug: organization.slug, inviterName: user.name })
        .from(invitation)
        .innerJoin(organization, eq(organization.id, invitation.orgId))
        .leftJoin(user, eq(user.id, invitation.invitedBy))
        .where(eq(invitation.tokenHash, tokenHash))
        .limit(1)
      const found = rows[0]
      if (found === undefined) return null
      const { orgName, orgSlug, inviterName } = found
      return { ...found.invitation, orgName, orgSlug, inviterName: inviterName ?? 'Someone' }
    },
    async accept({ id, orgId, role, projectIds }, userId, nowMs) {
      const restricted = projectIds !== null
      await db.batch([
        // Nobody's role is changed by an invitation that comes late.
        db.insert(member).values({ orgId, userId, role, restricted, createdMs: nowMs }).onConflictDoNothing(),
        addProjects(db, orgId, userId, projectIds),
        db.update(invitation).set({ acceptedMs: nowMs }).where(eq(invitation.id, id)),
        db.update(user).set({ emailVerified: true }).where(eq(user.id, userId)),
      ])
    },
  }
}
