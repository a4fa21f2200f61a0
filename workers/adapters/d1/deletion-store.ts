import { and, eq, isNull, isNotNull, lt, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { DeletionCertificate } from '../../contract/deletion.ts'
import type { DeletionInput, PurgeDeps } from '../../services/deletion/port.ts'
import type { DeletionStore } from '../../services/deletion/request.ts'
import type { OrgRow } from '../../services/tenant/store.ts'
import { member, organization, project, user } from './control-schema.ts'

/** What is deleted and not yet removed, through drizzle on the control database. */
export function deletionStore(d1: D1Database): DeletionStore {
  const db = drizzle(d1)
  return {
    async markProject(orgId, projectId, deletedMs) {
      const others = sql`EXISTS (SELECT 1 FROM project other WHERE other.org_id = ${orgId} AND other.id <> ${projectId} AND other.deleted_ms IS NULL)`
      const marked = await db
        .update(project)
        .set({ deletedMs })
        .where(and(eq(project.orgId, orgId), eq(project.id, projectId), deletedMs === null ? undefined : others))
        .returning({ id: project.id })
      return marked.length > 0
    },
    async markOrg(orgId, deletedMs) {
      await db.update(organization).set({ deletedMs }).where(eq(organization.id, orgId))
    },
    deletedProjects: (orgId) =>
      db
        .select()
        .from(project)
        .where(and(eq(project.orgId, orgId), isNotNull(project.deletedMs)))
        .orderBy(project.deletedMs),
    async deletedOrgs(userId): Promise<OrgRow[]> {
      const rows = await db
        .select({ org: organization })
        .from(member)
        .innerJoin(organization, eq(organization.id, member.orgId))
        .where(and(eq(member.userId, userId), eq(member.role, 'owner'), isNotNull(organization.deletedMs)))
      return rows.map(({ org }) => org)
    },
    ownersOf: (orgId) =>
      db
        .select({ id: user.id, email: user.email })
        .from(member)
        .innerJoin(user, eq(user.id, member.userId))
        .where(and(eq(member.orgId, orgId), eq(member.role, 'owner'))),
  }
}

/** What was deleted before a moment: organizations, and projects of those that are not. */
export async function dueDeletions(
  d1: D1Database,
  beforeMs: number,
): Promise<{ org: OrgRow; projectId: string | null; name: string; deletedMs: number }[]> {
  const db = drizzle(d1)
  const orgs = await db.select().from(organization).where(lt(organization.deletedMs, beforeMs))
  const projects = await db
    .select()
    .from(project)
    .innerJoin(organization, eq(organization.id, project.orgId))
    .where(and(lt(project.deletedMs, beforeMs), isNull(organization.deletedMs)))
  return [
    ...orgs.map((org) => ({ org, projectId: null, name: org.name, deletedMs: org.deletedMs ?? 0 })),
    ...projects.map(({ organization: org, project: { id, name, deletedMs } }) => ({
      org,
      projectId: id,
      name,
      deletedMs: deletedMs ?? 0,
    })),
  ]
}

/** Removing what control holds of a project, or of an organization; what belongs to it goes by cascade. */
export function purgeControl(d1: D1Database, orgId: string): PurgeDeps['control'] {
  return {
    async removeProject(projectId) {
      await d1.prepare('DELETE FROM project WHERE org_id = ?1 AND id = ?2').bind(orgId, projectId).run()
    },
    async removeOrg({ owners, name }: DeletionInput, certificate) {
      await d1.batch([
        d1
          .prepare(
            `INSERT OR IGNORE INTO deletion_certificate (id, owners, name, certificate, created_ms) VALUES (?1,
             (SELECT json_group_array(id) FROM user WHERE id IN (SELECT value FROM json_each(?2))), ?3, ?4, ?5)`,
          )
          .bind(
            certificate.deletion_id,
            JSON.stringify(owners),
            name,
            JSON.stringify(certificate),
            Date.parse(certificate.completed_at),
          ),
        d1.prepare('DELETE FROM person_key WHERE user_id = ?1').bind(`org:${orgId}`),
        d1.prepare('DELETE FROM organization WHERE id = ?1').bind(orgId),
      ])
    },
  }
}

/** Certificates of organizations that this person owned. */
export async function goneOrgs(
  d1: D1Database,
  userId: string,
): Promise<{ id: string; name: string; createdMs: number; certificate: DeletionCertificate }[]> {
  const found = await d1
    .prepare(
      `SELECT id, name, certificate, created_ms FROM deletion_certificate
       WHERE EXISTS (SELECT 1 FROM json_each(owners) WHERE value = ?1) ORDER BY created_ms DESC`,
    )
    .bind(userId)
    .all<{ id: string; name: string; certificate: string; created_ms: number }>()
  return found.results.map(({ certificate, created_ms, ...row }) => ({
    ...row,
    createdMs: created_ms,
    certificate: DeletionCertificate.parse(JSON.parse(certificate)),
  }))
}
