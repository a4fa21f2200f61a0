import { and, desc, eq, isNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { KeyStore } from '../../services/tenant/store.ts'
import { apiKey, servicePrincipal } from './control-schema.ts'
import { unique } from './control-store.ts'

const KEYS_MAX = 500

/** API keys and service principals, through drizzle on the control database. */
export function keyStore(d1: D1Database): KeyStore {
  const db = drizzle(d1)
  const within = (orgId: string, projectId: string | null) =>
    and(eq(apiKey.orgId, orgId), projectId === null ? isNull(apiKey.projectId) : eq(apiKey.projectId, projectId))
  const principalOf = (orgId: string, id: string) => and(eq(servicePrincipal.orgId, orgId), eq(servicePrincipal.id, id))
  return {
    keys: (orgId, projectId) =>
      db.select().from(apiKey).where(within(orgId, projectId)).orderBy(desc(apiKey.createdMs)).limit(KEYS_MAX),
    async key(orgId, projectId, keyId) {
      const rows = await db
        .select()
        .from(apiKey)
        .where(and(within(orgId, projectId), eq(apiKey.id, keyId)))
        .limit(1)
      return rows[0] ?? null
    },
    async createKey(row) {
      await db.insert(apiKey).values(row)
    },
    async revokeKey(orgId, keyId, nowMs) {
      await db
        .update(apiKey)
        .set({ revokedMs: nowMs })
        .where(and(eq(apiKey.orgId, orgId), eq(apiKey.id, keyId), isNull(apiKey.revokedMs)))
    },
    async rotateKey(row, old, oldExpiresMs) {
      await db.batch([
        db.insert(apiKey).values(row),
        db
          .update(apiKey)
          .set({ expiresMs: oldExpiresMs, rotatedTo: row.id })
          .where(and(eq(apiKey.orgId, old.orgId), eq(apiKey.id, old.id))),
      ])
    },
    principals: (orgId) =>
      db.select().from(servicePrincipal).where(eq(servicePrincipal.orgId, orgId)).orderBy(servicePrincipal.name),
    async principal(orgId, id) {
      return (await db.select().from(servicePrincipal).where(principalOf(orgId, id)).limit(1))[0] ?? null
    },
    async createPrincipal(row) {
      await unique(
        `This organization has a service principal "${row.name}": choose another name.`,
        () => db.insert(servicePrincipal).values(row),
        '/name',
      )
    },
    async updatePrincipal(orgId, id, change) {
      await unique(
        'Another service principal of this organization has this name.',
        () => db.update(servicePrincipal).set(change).where(principalOf(orgId, id)),
        '/name',
      )
    },
    keysOfPrincipal: (orgId, principalId) =>
      db
        .select()
        .from(apiKey)
        .where(and(eq(apiKey.orgId, orgId), eq(apiKey.principalId, principalId))),
  }
}
