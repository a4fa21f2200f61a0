import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import type { V4WorkerOptions } from 'miniflare'
import type { TestProjectInlineConfiguration } from 'vitest/config'
import { bundleWorker } from '../../scripts/runtime/bundle.ts'
import { absentWeb, workerOptions } from '../../scripts/runtime/options.ts'
import { BUILD_DIR, inRoot } from '../../scripts/runtime/paths.ts'
import { newSigningKey } from '../../scripts/runtime/signing-key.ts'
import { TYPED_WORKERS, type TypedWorker } from '../../scripts/runtime/workers.ts'
import { importedPackages } from './packages.ts'

/** Databases of every cell, so that each project's setup can migrate what any of its Workers reads. */
const DATABASES = ['CONTROL', 'DATA_GLOBAL_0', 'DATA_GLOBAL_1', 'DATA_EU_0', 'DATA_US_0']

const VARS = { APP_ENV: 'test', LOG_LEVEL: 'error', INGEST_JOURNAL: 'always', PRICES_URL: '' }
const SECRETS = { AUTH_SECRET: 'a-secret-that-only-tests-know-0123456789', AUDIT_SIGNING_KEY: newSigningKey() }

/** Other Workers that run beside the one under test, from their real bundles. */
const BESIDE: Record<TypedWorker['name'], TypedWorker['name'][]> = {
  edge: ['api', 'pipeline'],
  api: ['pipeline'],
  pipeline: [],
}

/** A vitest project whose tests run inside workerd, in the isolate of one Worker, with the bindings of its config. */
export function workersProject(
  name: TypedWorker['name'],
  include: string[],
  maxWorkers: number,
): TestProjectInlineConfiguration {
  const worker = typed(name)
  return {
    cacheDir: join(BUILD_DIR, 'vite', name),
    plugins: [
      cloudflareTest(async () => ({
        main: inRoot(`workers/${name}/index.ts`),
        wrangler: { configPath: worker.config },
        miniflare: {
          d1Databases: Object.fromEntries(DATABASES.map((binding) => [binding, { id: binding }])),
          bindings: {
            ...VARS,
            ...SECRETS,
            MIGRATIONS_CONTROL: await readD1Migrations(inRoot('migrations/control')),
            ...(name === 'pipeline' && { RECORDINGS: recordings('claude-code', 'codex', 'gemini-cli') }),
            MIGRATIONS_DATA: await readD1Migrations(inRoot('migrations/data')),
          },
          workers: await workersBeside(name),
        },
      })),
    ],
    test: {
      name,
      include,
      maxWorkers,
      // A runtime for each file would take a second each: tests make their own tenants, and so disturb no other file.
      isolate: false,
      // Else the isolate would fetch every module of every package one by one.
      deps: {
        optimizer: {
          ssr: {
            enabled: true,
            include: importedPackages([inRoot('workers')]),
            rolldownOptions: { external: [/^node:/, /^cloudflare:/] },
          },
        },
      },
      setupFiles: [inRoot('test/support/workers-setup.ts')],
      testTimeout: 40_000,
      hookTimeout: 40_000,
    },
  }
}

/** What clients sent, since workerd reads no files: `<client>/<file>` → gzip, as base64. */
function recordings(...clients: string[]): Record<string, string> {
  const folder = inRoot('test/fixtures/clients')
  const files = clients.flatMap((client) => readdirSync(join(folder, client)).map((file) => `${client}/${file}`))
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file)).toString('base64')]))
}

async function workersBeside(name: TypedWorker['name']): Promise<V4WorkerOptions[]> {
  const beside: V4WorkerOptions[] = []
  for (const other of BESIDE[name]) {
    beside.push(workerOptions(await bundleWorker(typed(other)), { vars: VARS, secrets: SECRETS }))
  }
  return name === 'edge' ? [...beside, absentWeb()] : beside
}

function typed(name: TypedWorker['name']): TypedWorker {
  const found = TYPED_WORKERS.find((worker) => worker.name === name)
  if (!found) throw new Error(`no Worker is named ${name}`)
  return found
}
