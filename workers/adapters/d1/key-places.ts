import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { PublishDeps } from '../../services/move/keys.ts'
import { apiKey, organization, project, servicePrincipal } from './control-schema.ts'

/** Every key of an organization with its project and principal, however many there are. */
export function keyPlaces(d1: D1Database): PublishDeps['places'] {
  const db = drizzle(d1)
  return {
    async keysOf(orgId) {
      const rows = await db
        .select()
        .from(apiKey)
        .innerJoin(organization, eq(organization.id, apiKey.orgId))
        .leftJoin(project, and(eq(project.id, apiKey.projectId), eq(project.orgId, apiKey.orgId)))
        .leftJoin(servicePrincipal, eq(servicePrincipal.id, apiKey.principalId))
        .where(eq(apiKey.orgId, orgId))
      return rows.map((row) => ({
        row: row.api_key,
        place: { org: row.organization, project: row.project },
        principal: row.service_principal,
      }))
    },
  }
}
