import { and, eq } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/d1'
import type { RemoveAccountDeps } from '../../services/account/remove.ts'
import type { OrgRow } from '../../services/tenant/store.ts'
import { sha256Hex } from '../hash.ts'
import { member, organization } from './control-schema.ts'

/** Stands for an account that is gone, where others' things name who made them. */
const GONE = 'erased'

/** Rows of `member` by which ?1 alone owns an organization that is not deleted. */
const SOLE_OWNER = `user_id = ?1 AND role = 'owner'
  AND EXISTS (SELECT 1 FROM organization o WHERE o.id = member.org_id AND o.deleted_ms IS NULL)
  AND NOT EXISTS (SELECT 1 FROM member x WHERE x.org_id = member.org_id AND x.role = 'owner' AND x.user_id <> ?1)`

/** What control holds of an account. */
export function accountStore(
  d1: D1Database,
): Pick<RemoveAccountDeps, 'orgsOf' | 'solelyOwned' | 'standDown' | 'removeUser'> {
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
          `SELECT (SELECT name FROM organization WHERE id = member.org_id) AS name FROM member WHERE ${SOLE_OWNER}`,
        )
        .bind(userId)
        .all<{ name: string }>()
      return found.results.map(({ name }) => name)
    },
    async standDown(userId) {
      // One statement, so that of two owners who leave at once the second finds the first gone.
      const statement = d1
        .prepare(
          `UPDATE member SET role = CASE WHEN ${SOLE_OWNER} THEN 'sole owner' ELSE 'admin' END
           WHERE user_id = ?1 AND role = 'owner'
           AND EXISTS (SELECT 1 FROM organization o WHERE o.id = member.org_id AND o.deleted_ms IS NULL)`,
        )
        .bind(userId)
      return unlessSole(() => statement.run())
    },
    async removeUser(userId, email) {
      const run = (sql: string, ...values: string[]) => d1.prepare(sql).bind(...values)
      const batch = [
        // Breaks the table's CHECK, and with it the whole batch: two owners must not both leave at once.
        run(`UPDATE member SET role = 'sole owner' WHERE ${SOLE_OWNER}`, userId),
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
        // Made by what named the account while it was being deleted.
        run('DELETE FROM person_key WHERE user_id = ?1', userId),
        run('DELETE FROM user WHERE id = ?1', userId),
      ]
      return unlessSole(() => d1.batch(batch))
    },
  }
}

async function unlessSole(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write()
    return true
  } catch (error) {
    if (String(error).includes('CHECK constraint failed')) return false
    throw error
  }
}
