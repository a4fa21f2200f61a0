import { and, eq, isNull, or } from 'drizzle-orm'
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1'
import { AppError } from '../../domain/errors.ts'
import type { Access, ControlStore, OrgRow, Place, ProjectRow, WorkspaceRow } from '../../services/tenant/store.ts'
import { member, memberProject, organization, project, workspace } from './control-schema.ts'

/** Organizations, workspaces, projects and who may enter them, through drizzle on the control database. */
export function controlStore(d1: D1Database): ControlStore {
  const db = drizzle(d1)
  return { ...orgTables(db), ...projectTables(db) }
}

type OrgTables = 'orgsOf' | 'access' | 'accessOfKey' | 'createOrg' | 'updateOrg' | 'workspaces' | 'createWorkspace'

function orgTables(db: DrizzleD1Database): Pick<ControlStore, OrgTables> {
  return {
    async orgsOf(userId) {
      const rows = await db
        .select({ org: organization, role: member.role })
        .from(member)
        .innerJoin(organization, eq(organization.id, member.orgId))
        .where(and(eq(member.userId, userId), isNull(organization.deletedMs)))
        .orderBy(organization.name)
      return rows.map(({ org, role }) => ({ ...(org satisfies OrgRow), role }))
    },
    access: (userId, place) => accessTo(db, place, userId),
    async accessOfKey(key, place) {
      const access = await accessTo(db, place, null)
      if (access?.org.id !== key.org_id) return null
      if (key.project_id === '') return access
      const own = access.projects.find((row) => row.id === key.project_id)
      if (own === undefined || (access.project !== null && access.project.id !== own.id)) return null
      return { ...access, projects: [own] }
    },
    async createOrg(org, ownerId, firstWorkspace, firstProject) {
      await unique(`The slug "${org.slug}" is taken: choose another.`, () =>
        db.batch([
          db.insert(organization).values(org),
          db.insert(member).values({ orgId: org.id, userId: ownerId, role: 'owner', createdMs: org.createdMs }),
          db.insert(workspace).values(firstWorkspace),
          db.insert(project).values(firstProject),
        ]),
      )
    },
    async updateOrg(orgId, change) {
      await db.update(organization).set(change).where(eq(organization.id, orgId))
    },
    async workspaces(orgId): Promise<WorkspaceRow[]> {
      return db.select().from(workspace).where(eq(workspace.orgId, orgId)).orderBy(workspace.createdMs)
    },
    async createWorkspace(row) {
      await unique(`This organization has a workspace "${row.slug}": choose another slug.`, () =>
        db.insert(workspace).values(row),
      )
    },
  }
}

/** One round trip, since every question of the dashboard begins with it. Without a user: by whoever holds a key. */
async function accessTo(db: DrizzleD1Database, place: Place, userId: string | null): Promise<Access | null> {
  const named =
    'project' in place
      ? eq(organization.id, db.select({ id: project.orgId }).from(project).where(eq(project.id, place.project)))
      : or(eq(organization.id, place.org), eq(organization.slug, place.org))
  const orgId = db.select({ id: organization.id }).from(organization).where(named).limit(1)
  const [orgs, members, own, all] = await db.batch([
    db.select().from(organization).where(eq(organization.id, orgId)),
    db
      .select({ role: member.role, restricted: member.restricted })
      .from(member)
      .where(and(eq(member.orgId, orgId), eq(member.userId, userId ?? ''))),
    db
      .select({ id: memberProject.projectId })
      .from(memberProject)
      .where(and(eq(memberProject.orgId, orgId), eq(memberProject.userId, userId ?? ''))),
    db
      .select()
      .from(project)
      .where(and(eq(project.orgId, orgId), isNull(project.deletedMs)))
      .orderBy(project.createdMs),
  ])
  const org = orgs[0]
  const role = members[0]?.role ?? null
  if (org === undefined || org.deletedMs !== null || (userId !== null && role === null)) return null
  const seen = new Set(own.map(({ id }) => id))
  const restricted = members[0]?.restricted === true
  const projects = restricted ? all.filter(({ id }) => seen.has(id)) : all
  const found = 'project' in place ? projects.find((row) => row.id === place.project) : null
  return found === undefined ? null : { role, restricted, org, project: found, projects }
}

function projectTables(db: DrizzleD1Database): Omit<ControlStore, OrgTables> {
  return {
    async projects(orgId): Promise<ProjectRow[]> {
      return db
        .select()
        .from(project)
        .where(and(eq(project.orgId, orgId), isNull(project.deletedMs)))
        .orderBy(project.createdMs)
    },
    async createProject(row) {
      await unique(`This organization has a project "${row.slug}": choose another slug.`, () =>
        db.insert(project).values(row),
      )
    },
    async updateProject(orgId, id, change) {
      await db
        .update(project)
        .set(change)
        .where(and(eq(project.orgId, orgId), eq(project.id, id)))
    },
  }
}

/** @throws AppError conflict when a slug or name is taken. */
export async function unique(detail: string, write: () => Promise<unknown>, pointer = '/slug'): Promise<void> {
  try {
    await write()
  } catch (error) {
    const text = `${String(error)} ${error instanceof Error ? String(error.cause) : ''}`
    if (text.includes('UNIQUE constraint failed'))
      throw new AppError('conflict', detail, { errors: [{ pointer, detail: 'taken' }] })
    if (text.includes('FOREIGN KEY constraint failed'))
      throw new AppError('unauthenticated', 'What this belongs to does not exist any more: sign in again.')
    throw error
  }
}
