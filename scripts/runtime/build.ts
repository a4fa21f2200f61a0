import { existsSync, mkdirSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleWorker, filesUnder, hashFiles, type Bundle } from './bundle.ts'
import { StartError } from './errors.ts'
import { waitForLock } from './lock-file.ts'
import { BUILD_DIR, inRoot, programOf } from './paths.ts'
import { runNode } from './run.ts'
import { TYPED_WORKERS, WEB_WORKER } from './workers.ts'

export interface BuildOptions {
  withWeb: boolean
  log?: (line: string) => void
}

/** How long to wait for another process that builds the same. */
const BUILD_MS_MAX = 180_000

const WEB_OUTPUT = inRoot('web/.svelte-kit/cloudflare')

/** Builds every Worker, each only when something that it is made of has changed. */
export async function buildAll(options: BuildOptions): Promise<Bundle[]> {
  mkdirSync(BUILD_DIR, { recursive: true })
  const release = await waitForLock(join(BUILD_DIR, 'lock.sqlite'), BUILD_MS_MAX)
  try {
    return await build(options)
  } finally {
    release()
  }
}

async function build({ withWeb, log = () => {} }: BuildOptions): Promise<Bundle[]> {
  const typed = async () => {
    const bundles: Bundle[] = []
    for (const worker of TYPED_WORKERS) bundles.push(await timed(worker.name, log, () => bundleWorker(worker)))
    return bundles
  }
  const web = async () => {
    if (!withWeb) return []
    return [await timed('web', log, buildWeb)]
  }
  // Both run to their end, so that a failure of one leaves no half-written build of the other.
  const results = await Promise.allSettled([typed(), web()])
  const failed = results.find((result) => result.status === 'rejected')
  if (failed) throw failed.reason
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
}

async function timed(name: string, log: (line: string) => void, build: () => Promise<Bundle>): Promise<Bundle> {
  const start = performance.now()
  const bundle = await build()
  log(bundle.cached ? `${name}: unchanged` : `${name}: built in ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return bundle
}

/** SvelteKit's build, then wrangler's bundle of its output. */
async function buildWeb(): Promise<Bundle> {
  await buildWebOutput()
  return bundleWorker(WEB_WORKER, WEB_OUTPUT)
}

/** SvelteKit's build into `web/.svelte-kit/cloudflare`, from where wrangler deploys it. */
export async function buildWebOutput(): Promise<void> {
  const stamp = join(BUILD_DIR, 'vite-key')
  const key = hashFiles(webInputs())
  const before = existsSync(stamp) ? await readFile(stamp, 'utf8') : ''
  if (before !== key || !existsSync(join(WEB_OUTPUT, '_worker.js'))) {
    await viteBuild()
    await mkdir(BUILD_DIR, { recursive: true })
    await writeFile(stamp, key)
  }
}

function webInputs(): string[] {
  const own = filesUnder(inRoot('web')).filter((file) => !/\/(node_modules|\.svelte-kit|\.wrangler)\//.test(file))
  return [...own, ...filesUnder(inRoot('workers/contract')), inRoot('package-lock.json')]
}

async function viteBuild(): Promise<void> {
  const cwd = inRoot('web')
  const steps = [
    { program: programOf('@sveltejs/kit', 'svelte-kit'), args: ['sync'] },
    { program: programOf('vite'), args: ['build'] },
  ]
  for (const { program, args } of steps) {
    const { code, output } = await runNode(program, args, {
      cwd,
      env: { NODE_ENV: 'production', NO_COLOR: '1', FORCE_COLOR: '0' },
    })
    if (code !== 0) throw new StartError(`building web failed\n${output.trim()}`)
  }
}
