import { rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { buildWebOutput } from './runtime/build.ts'
import { readWorkerConfig } from './runtime/config.ts'
import { StartError, reasonOf } from './runtime/errors.ts'
import { BUILD_DIR } from './runtime/paths.ts'
import { newSecret } from './runtime/secrets.ts'
import { TYPED_WORKERS, WEB_WORKER, type WorkerName, type WorkerPlace } from './runtime/workers.ts'
import { openAccount } from './deploy/account.ts'
import { databaseId, writeDeployConfig } from './deploy/configs.ts'
import { create, takeIds, takeInventory } from './deploy/inventory.ts'
import { migrateRemote } from './deploy/migrate.ts'
import { describeStep, kvTitle, planDeploy, type Inventory, type Part, type Step } from './deploy/plan.ts'
import { wrangler } from './deploy/wrangler.ts'

/** gzip of the edge Worker's upload: it starts at each of Cloudflare's locations. */
const EDGE_KIB_MAX = 146

const PLACES: readonly WorkerPlace[] = [...TYPED_WORKERS, WEB_WORKER]
const EMPTY: Inventory = { d1: [], r2: [], queues: [], kv: [], secrets: {} }

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'dry-run': { type: 'boolean', default: false }, domain: { type: 'string' } },
  })
  console.log('web: building')
  await buildWebOutput()
  const parts = PLACES.map((place): Part => ({
    worker: place.name,
    home: dirname(place.config),
    config: readWorkerConfig(place.config),
  }))
  if (values['dry-run']) await dryRun(parts)
  else await deploy(parts, values.domain)
}

/** Prints what a first deploy would do, and builds every bundle from the very configs that it would use. */
async function dryRun(parts: readonly Part[]): Promise<void> {
  const steps = planDeploy(parts, EMPTY)
  console.log('\nOn an account that has none of it yet, `npm run deploy` would:')
  steps.forEach((step, i) => console.log(`${String(i + 1).padStart(4)}. ${describeStep(step)}`))
  console.log('What exists already is left as it is.\n')
  const configs = await writeConfigs(inventoryAfter(parts))
  for (const { name } of PLACES) {
    const output = await wrangler([
      'deploy',
      '--dry-run',
      '--config',
      configs[name],
      '--outdir',
      join(BUILD_DIR, 'deploy', name),
    ])
    const [, upload = '?', gzip = '?'] = /Total Upload: ([\d.]+) KiB \/ gzip: ([\d.]+) KiB/.exec(output) ?? []
    console.log(`${name}: ${upload} KiB, ${gzip} KiB as gzip`)
    if (name === 'edge' && !(Number(gzip) <= EDGE_KIB_MAX)) {
      throw new StartError(`the edge bundle is ${gzip} KiB as gzip; its limit is ${EDGE_KIB_MAX}`)
    }
  }
}

/** An inventory in which all that the configs name exists, with ids that wrangler takes for real. */
function inventoryAfter(parts: readonly Part[]): Inventory {
  const placeholder = '00000000-0000-4000-8000-000000000000'
  return {
    ...EMPTY,
    d1: parts.flatMap(({ config }) =>
      config.d1_databases.map(({ database_name }) => ({ name: database_name, id: placeholder })),
    ),
    kv: parts.flatMap(({ config }) =>
      config.kv_namespaces.map(({ binding }) => ({ title: kvTitle(binding), id: placeholder.replaceAll('-', '') })),
    ),
  }
}

async function deploy(parts: readonly Part[], domain: string | undefined): Promise<void> {
  console.log('asking the account what exists')
  const account = await openAccount()
  const before = await takeInventory(account, parts)
  const steps = planDeploy(parts, before)
  const creations = steps.filter((step) => step.do.startsWith('create-'))
  await inFours(creations, (step) => announced(step, () => create(account, step)))
  // Asked again, for the ids of what was just made.
  const ids = creations.length > 0 ? await takeIds(account) : before
  const configs = await writeConfigs(ids)
  const migrations = steps.filter((step) => step.do === 'migrate')
  await inFours(migrations, (step) =>
    announced(step, ({ database, dir }) => migrateRemote(account, databaseId(ids, database), dir)),
  )
  for (const step of steps) {
    if (step.do === 'deploy') {
      const output = await announced(step, () => upload(step, configs[step.worker], account.id, domain))
      const url = /https:\/\/\S+\.workers\.dev/.exec(output)?.[0]
      if (step.worker === 'edge')
        console.log(
          `\nAgentOps is deployed: ${domain ? `https://${domain}` : (url ?? 'see the Cloudflare dashboard for its address')}`,
        )
    }
  }
}

/** Four at a time: these do not depend on each other, and Cloudflare limits how much may be asked at once. */
async function inFours<T>(items: readonly T[], action: (item: T) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < items.length; i += 4) await Promise.all(items.slice(i, i + 4).map(action))
}

async function announced<S extends Step, T>(step: S, action: (step: S) => Promise<T>): Promise<T> {
  console.log(describeStep(step))
  return action(step)
}

/** Uploads one Worker; secrets that it lacks are made here and go with it, since a Worker must not run without them. */
async function upload(
  { worker, newSecrets }: Step & { do: 'deploy' },
  config: string,
  accountId: string,
  domain: string | undefined,
): Promise<string> {
  const args = ['deploy', '--config', config, ...(worker === 'edge' && domain ? ['--domain', domain] : [])]
  if (newSecrets.length === 0) return wrangler(args, accountId)
  const file = join(BUILD_DIR, 'deploy', `secrets-${process.pid}.json`)
  const secrets = Object.fromEntries(newSecrets.map((name) => [name, process.env[name] ?? newSecret(name)]))
  await writeFile(file, JSON.stringify(secrets), { mode: 0o600 })
  try {
    return await wrangler([...args, '--secrets-file', file], accountId)
  } finally {
    await rm(file, { force: true })
  }
}

async function writeConfigs(inventory: Pick<Inventory, 'd1' | 'kv'>): Promise<Record<WorkerName, string>> {
  const entries: [WorkerName, string][] = []
  for (const place of PLACES) entries.push([place.name, await writeDeployConfig(place, inventory)])
  return Object.fromEntries(entries) as Record<WorkerName, string>
}

main().catch((error: unknown) => {
  console.error(`deploy: ${reasonOf(error)}`)
  process.exit(1)
})
