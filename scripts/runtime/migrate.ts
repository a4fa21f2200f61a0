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

const TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations(
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
  await db.prepare(TABLE).run()
  const { results } = await db.prepare('SELECT name FROM d1_migrations').all<{ name: string }>()
  const done = new Set(results.map((row) => row.name))
  const due = readdirSync(dir)
    .filter((name) => name.endsWith('.sql') && !done.has(name))
    .sort()
  for (const name of due) {
    const statements = unstable_splitSqlQuery(readFileSync(join(dir, name), 'utf8')).map((sql) => db.prepare(sql))
    // One batch, so that a migration is applied and recorded, or neither.
    await db.batch([...statements, db.prepare('INSERT INTO d1_migrations (name) VALUES (?1)').bind(name)])
  }
  return due.length
}
