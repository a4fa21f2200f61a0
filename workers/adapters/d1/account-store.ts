import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { RemoveAccountDeps } from '../../services/account/remove.ts'
import type { OrgRow } from '../../services/tenant/store.ts'
import { sha256Hex } from '../hash.ts'
import { member, organization } from './control-schema.ts'

/** Stands for an account that is gone, where others' things name who made them. */
const GONE = 'erased'

/** What control holds of an account. */
export function accountStore(d1: D1Database): Pick<RemoveAccountDeps, 'orgsOf' | 'solelyOwned' | 'removeUser'> {
  const db = drizzle(d1)
  return {
    async orgsOf(userId): Promise<OrgRow[]> {
      const rows = await db
        .select({ org: organization })
        .from(member)
        .innerJoin(organization, eq(organization.id, member.orgId))
        .where(and(eq(member.userId, userId)))
      return rows.map(({ org }) => org)
    },
    async solelyOwned(userId) {
      const found = await d1
        .prepare(
          `SELECT o.name FROM member m JOIN organization o ON o.id = m.org_id WHERE m.user_id = ?1 AND m.role = 'owner' AND o.deleted_ms IS NULL
           AND NOT EXISTS (SELECT 1 FROM member x WHERE x.org_id = m.org_id AND x.role = 'owner' AND x.user_id <> ?1)`,
        )
        .bind(userId)
        .all<{ name: string }>()
      return found.results.map(({ name }) => name)
    },
    async removeUser(userId, email) {
      const run = (sql: string, ...values: string[]) => d1.prepare(sql).bind(...values)
      await d1.batch([
        run('UPDATE api_key SET created_by = ?2 WHERE created_by = ?1', userId, GONE),
        run('UPDATE service_principal SET created_by = ?2 WHERE created_by = ?1', userId, GONE),
        run('UPDATE invitation SET invited_by = ?2 WHERE invited_by = ?1', userId, GONE),
        run('DELETE FROM invitation WHERE lower(email) = lower(?1)', email),
        run('DELETE FROM sign_in_failure WHERE account = ?1', sha256Hex(email.toLowerCase())),
        run(
          'DELETE FROM verification WHERE instr(identifier, ?2) OR instr(value, ?1) OR instr(value, ?2)',
          userId,
          email,
        ),
        run('DELETE FROM audit_outbox WHERE instr(records, ?1)', userId),
        run(
          `UPDATE deletion_certificate SET owners =
           (SELECT json_group_array(value) FROM json_each(owners) WHERE value <> ?1) WHERE instr(owners, ?1)`,
          userId,
        ),
        run('DELETE FROM user WHERE id = ?1', userId),
      ])
    },
  }
}
