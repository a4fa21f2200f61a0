import { applyD1Migrations } from 'cloudflare:test'
import { env } from 'cloudflare:workers'

type Migrations = Parameters<typeof applyD1Migrations>[1]

const bindings = env as unknown as Record<string, unknown> & {
  MIGRATIONS_CONTROL: Migrations
  MIGRATIONS_DATA: Migrations
}

await Promise.all(
  Object.entries(bindings).map(async ([name, database]) => {
    if (name === 'CONTROL') await applyD1Migrations(database as D1Database, bindings.MIGRATIONS_CONTROL)
    if (name.startsWith('DATA_')) await applyD1Migrations(database as D1Database, bindings.MIGRATIONS_DATA)
  }),
)
