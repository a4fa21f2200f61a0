import * as z from 'zod'
import { MIGRATIONS_TABLE, dueMigrations } from '../runtime/migrate.ts'
import type { Account } from './account.ts'

const Applied = z.tuple([z.object({ results: z.array(z.object({ name: z.string() })) })])
const Done = z.array(z.object({ success: z.literal(true) })).min(1)

/**
 * Applies to a D1 database of the account the migrations that it lacks, by the very calls of `wrangler d1 migrations apply`,
 * and returns their names. D1 runs what one call brings as a whole or not at all, so each is applied and recorded, or neither.
 */
export async function migrateRemote(account: Account, databaseId: string, dir: string): Promise<string[]> {
  const query = <S extends z.ZodType>(sql: string, schema: S) =>
    account.call(`/d1/database/${databaseId}/query`, schema, { method: 'POST', body: { sql } })
  await query(`${MIGRATIONS_TABLE};`, Done)
  const [{ results }] = await query('SELECT name FROM d1_migrations', Applied)
  const due = dueMigrations(
    dir,
    results.map(({ name }) => name),
  )
  for (const { name, sql } of due) {
    await query(`${sql}\nINSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}');`, Done)
  }
  return due.map(({ name }) => name)
}
