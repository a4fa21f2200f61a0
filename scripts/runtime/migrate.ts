import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { D1Database } from '@cloudflare/workers-types'
import type { Miniflare } from 'miniflare'
import { unstable_splitSqlQuery } from 'wrangler'
import { readWorkerConfig } from './config.ts'
import { TYPED_WORKERS } from './workers.ts'

interface Target {
  worker: string
  binding: string
  migrations: string
}

/** The table in which wrangler, too, records what was applied. */
export const MIGRATIONS_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`

/** Applies to every local D1 database the migrations that it lacks, recorded as `wrangler d1 migrations apply` does. */
export async function migrateAll(mf: Miniflare): Promise<number> {
  let applied = 0
  for (const { worker, binding, migrations } of targets()) {
    applied += await migrate(await mf.getD1Database(binding, worker), migrations)
  }
  return applied
}

/** Every database once, with the folder of its migrations, as the wrangler configs say. */
function targets(): Target[] {
  const found = new Map<string, Target>()
  for (const { config: path } of TYPED_WORKERS) {
    const { name, d1_databases } = readWorkerConfig(path)
    for (const { binding, migrations_dir } of d1_databases) {
      if (!migrations_dir) continue
      found.set(binding, { worker: name, binding, migrations: resolve(dirname(path), migrations_dir) })
    }
  }
  return [...found.values()]
}

async function migrate(db: D1Database, dir: string): Promise<number> {
  await db.prepare(MIGRATIONS_TABLE).run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const due = dueMigrations(
    dir,
    results.map(({ name }) => name),
  )
  for (const { name, sql } of due) {
    const statements = unstable_splitSqlQuery(sql).map((statement) => db.prepare(statement))
    // One batch, so that a migration is applied and recorded, or neither.
    await db.batch([...statements, db.prepare('INSERT INTO d1_migrations (name) VALUES (?1)').bind(name)])
  }
  return due.length
}

/** The migrations of a folder that are not among those applied, in the order in which they must be. */
export function dueMigrations(dir: string, applied: readonly string[]): { name: string; sql: string }[] {
  return readdirSync(dir)
    .filter((name) => name.endsWith('.sql') && !applied.includes(name))
    .sort()
    .map((name) => ({ name, sql: readFileSync(join(dir, name), 'utf8') }))
}
