import { and, eq, isNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import { project } from './control-schema.ts'

/** Ids of the projects of an organization that are not deleted. */
export async function liveProjects(control: D1Database, orgId: string): Promise<string[]> {
  const rows = await drizzle(control)
    .select({ id: project.id })
    .from(project)
    .where(and(eq(project.orgId, orgId), isNull(project.deletedMs)))
  return rows.map(({ id }) => id)
}
