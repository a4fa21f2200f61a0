import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

type Migrations = Parameters<typeof applyD1Migrations>[1]

const bindings = env as unknown as Record<string, D1Database> & { MIGRATIONS_CONTROL: Migrations; MIGRATIONS_DATA: Migrations }

for (const [name, database] of Object.entries(bindings)) {
  if (name === 'CONTROL') await applyD1Migrations(database, bindings.MIGRATIONS_CONTROL)
  if (/^DATA_/.test(name)) await applyD1Migrations(database, bindings.MIGRATIONS_DATA)
}
