import { and, eq, isNotNull } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { SsoStore } from '../../services/sso/store.ts'
import { member, ssoConnection } from './control-schema.ts'
import { unique } from './control-store.ts'

/** Single sign-on of organizations, through drizzle on the control database. */
export function ssoStore(d1: D1Database): SsoStore {
  const db = drizzle(d1)
  return {
    async find(orgId) {
      return (await db.select().from(ssoConnection).where(eq(ssoConnection.orgId, orgId)).limit(1))[0] ?? null
    },
    async ofDomain(domain) {
      const proven = and(eq(ssoConnection.domain, domain), isNotNull(ssoConnection.verifiedMs))
      return (await db.select().from(ssoConnection).where(proven).limit(1))[0] ?? null
    },
    async byId(id) {
      return (await db.select().from(ssoConnection).where(eq(ssoConnection.id, id)).limit(1))[0] ?? null
    },
    async put({ id, ...row }) {
      await db
        .insert(ssoConnection)
        .values({ id, ...row })
        .onConflictDoUpdate({ target: ssoConnection.orgId, set: row })
    },
    async markVerified(orgId, nowMs) {
      await unique(
        'Another organization has proven this domain.',
        () => db.update(ssoConnection).set({ verifiedMs: nowMs }).where(eq(ssoConnection.orgId, orgId)),
        '/domain',
      )
    },
    async remove(orgId) {
      await db.delete(ssoConnection).where(eq(ssoConnection.orgId, orgId))
    },
    async join({ orgId, role }, userId, nowMs) {
      const joined = await db
        .insert(member)
        .values({ orgId, userId, role, restricted: false, createdMs: nowMs })
        .onConflictDoNothing()
        .returning({ userId: member.userId })
      return joined.length > 0
    },
  }
}
