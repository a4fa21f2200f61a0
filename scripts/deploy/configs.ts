import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { experimental_readRawConfig } from 'wrangler'
import * as z from 'zod'
import { BUILD_DIR } from '../runtime/paths.ts'
import type { WorkerPlace } from '../runtime/workers.ts'
import { kvTitle, type Inventory } from './plan.ts'

// Its type stems from a package that wrangler bundles but does not ship types of.
const readRawConfig = experimental_readRawConfig as unknown as (args: { config: string }) => { rawConfig: unknown }

const RawConfig = z.looseObject({
  main: z.string().optional(),
  assets: z.looseObject({ directory: z.string().optional() }).optional(),
  d1_databases: z.array(z.looseObject({ database_name: z.string(), migrations_dir: z.string().optional() })).optional(),
  kv_namespaces: z.array(z.looseObject({ binding: z.string() })).optional(),
  vars: z.record(z.string(), z.unknown()).optional(),
})

/**
 * Writes a copy of a Worker's wrangler config that names the account's resources by id, and returns its path.
 * The committed config never learns them: it deploys to any account. A variable that it leaves empty gets the value
 * that the environment has for it.
 */
export async function writeDeployConfig(
  place: WorkerPlace,
  inventory: Pick<Inventory, 'd1' | 'kv'>,
  env: Record<string, string | undefined> = process.env,
): Promise<string> {
  const raw = RawConfig.parse(readRawConfig({ config: place.config }).rawConfig)
  const home = dirname(place.config)
  const config = {
    ...raw,
    ...(raw.main ? { main: resolve(home, raw.main) } : {}),
    ...(raw.assets?.directory ? { assets: { ...raw.assets, directory: resolve(home, raw.assets.directory) } } : {}),
    ...(raw.d1_databases
      ? { d1_databases: raw.d1_databases.map((database) => withDatabaseId(database, home, inventory)) }
      : {}),
    ...(raw.kv_namespaces
      ? { kv_namespaces: raw.kv_namespaces.map((namespace) => withNamespaceId(namespace, inventory)) }
      : {}),
    ...(raw.vars ? { vars: filled(raw.vars, env) } : {}),
  }
  const path = join(BUILD_DIR, 'deploy', `${place.name}.json`)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${JSON.stringify(config, null, 2)}\n`)
  return path
}

function filled(vars: Record<string, unknown>, env: Record<string, string | undefined>) {
  return Object.fromEntries(
    Object.entries(vars).map(([name, value]) => [name, value === '' ? (env[name] ?? '') : value]),
  )
}

/** The id of a D1 database of the account; throws if there is none of this name. */
export function databaseId({ d1 }: Pick<Inventory, 'd1'>, name: string): string {
  const id = d1.find((database) => database.name === name)?.id
  if (!id) throw new Error(`the account has no D1 database ${name}`)
  return id
}

function withDatabaseId<D extends { database_name: string; migrations_dir?: string | undefined }>(
  database: D,
  home: string,
  inventory: Pick<Inventory, 'd1'>,
) {
  const { migrations_dir } = database
  return {
    ...database,
    database_id: databaseId(inventory, database.database_name),
    ...(migrations_dir ? { migrations_dir: resolve(home, migrations_dir) } : {}),
  }
}

function withNamespaceId<N extends { binding: string }>(namespace: N, { kv }: Pick<Inventory, 'kv'>) {
  const id = kv.find(({ title }) => title === kvTitle(namespace.binding))?.id
  if (!id) throw new Error(`the account has no KV namespace ${kvTitle(namespace.binding)}`)
  return { ...namespace, id }
}
