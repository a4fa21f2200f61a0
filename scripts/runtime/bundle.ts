import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, extname, join, relative } from 'node:path'
import { StartError } from './errors.ts'
import { BUILD_DIR, ROOT, inRoot, programOf } from './paths.ts'
import { runNode } from './run.ts'
import type { WorkerName, WorkerPlace } from './workers.ts'

export type ModuleType = 'ESModule' | 'CompiledWasm' | 'Text' | 'Data'

export interface BundleModule {
  type: ModuleType
  path: string
}

/** A Worker as it would be uploaded: made by wrangler from the config that deploys. */
export interface Bundle {
  worker: WorkerName
  config: string
  /** Folder of the modules. */
  dir: string
  /** The entry first, then every other module. */
  modules: BundleModule[]
  /** Folder of static assets, when the Worker has any. */
  assets?: string
  /** Whether nothing had changed since an earlier build. */
  cached: boolean
}

interface Stamp {
  key: string
  inputs: string[]
}

const MODULE_TYPES: Record<string, ModuleType> = {
  '.js': 'ESModule',
  '.mjs': 'ESModule',
  '.wasm': 'CompiledWasm',
  '.txt': 'Text',
  '.html': 'Text',
  '.sql': 'Text',
  '.bin': 'Data',
}

/** Hash of the contents of files; a missing file counts as empty, so its return changes the hash. */
export function hashFiles(files: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of files) {
    hash.update(`${relative(ROOT, file)}\0`)
    if (existsSync(file)) hash.update(readFileSync(file))
  }
  return hash.digest('hex').slice(0, 16)
}

const always = (config: string) => [config, inRoot('package-lock.json'), inRoot('tsconfig.json')]

const underWay = new Map<string, Promise<Bundle>>()

/** Bundles one Worker with wrangler, or returns the bundle of an earlier build whose inputs are the same. */
export function bundleWorker(place: WorkerPlace, assets?: string): Promise<Bundle> {
  // Asked by several at once, it is bundled once.
  let bundling = underWay.get(place.name)
  if (bundling === undefined) {
    bundling = bundleAnew(place, assets).finally(() => underWay.delete(place.name))
    underWay.set(place.name, bundling)
  }
  return bundling
}

async function bundleAnew(place: WorkerPlace, assets?: string): Promise<Bundle> {
  const home = join(BUILD_DIR, place.name)
  const earlier = readStamp(home)
  if (earlier && earlier.key === hashFiles(earlier.inputs)) {
    const found = bundleIn(place, join(home, earlier.key), true)
    if (found) return found
  }
  const fresh = join(home, `new-${process.pid}`)
  await rm(fresh, { recursive: true, force: true })
  await mkdir(join(fresh, 'worker'), { recursive: true })
  const inputs = [...new Set([...always(place.config), ...(await wranglerBundle(place, fresh))])].sort()
  if (assets) {
    await cp(assets, join(fresh, 'assets'), { recursive: true })
    inputs.push(...filesUnder(assets))
  }
  const key = hashFiles(inputs)
  const dir = join(home, key)
  await rm(dir, { recursive: true, force: true })
  await rename(fresh, dir)
  await writeFile(join(home, 'stamp.json'), JSON.stringify({ key, inputs } satisfies Stamp))
  await forgetOthers(home, key, earlier?.key)
  const bundle = bundleIn(place, dir, false)
  if (!bundle) throw new Error(`wrangler left no modules for ${place.name} in ${dir}`)
  return bundle
}

async function wranglerBundle(place: WorkerPlace, into: string): Promise<string[]> {
  const metafile = join(into, 'meta.json')
  const args = [
    'deploy',
    '--dry-run',
    `--config=${place.config}`,
    `--outdir=${join(into, 'worker')}`,
    `--metafile=${metafile}`,
  ]
  const { code, output } = await runNode(programOf('wrangler'), args, {
    env: { CI: '1', NO_COLOR: '1', FORCE_COLOR: '0' },
  })
  if (code !== 0) throw new StartError(`building ${place.name} failed\n${output.trim()}`)
  const { inputs } = JSON.parse(await readFile(metafile, 'utf8')) as { inputs: Record<string, unknown> }
  return Object.keys(inputs)
    .filter((file) => !file.includes('node_modules/') && !file.includes(':') && !file.startsWith('<'))
    .map((file) => join(dirname(place.config), file))
    .filter((file) => existsSync(file))
}

function readStamp(home: string): Stamp | undefined {
  const file = join(home, 'stamp.json')
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Stamp) : undefined
}

function bundleIn(place: WorkerPlace, dir: string, cached: boolean): Bundle | undefined {
  const worker = join(dir, 'worker')
  if (!existsSync(worker)) return undefined
  const modules: BundleModule[] = []
  for (const path of filesUnder(worker)) {
    const type = MODULE_TYPES[extname(path)]
    if (type) modules.push({ type, path })
  }
  const entry = modules.findIndex((m) => m.type === 'ESModule' && dirname(m.path) === worker)
  if (entry < 0) return undefined
  modules.unshift(...modules.splice(entry, 1))
  const assets = join(dir, 'assets')
  return {
    worker: place.name,
    config: place.config,
    dir: worker,
    modules,
    cached,
    ...(existsSync(assets) ? { assets } : {}),
  }
}

/** Every file below a folder, in a stable order. */
export function filesUnder(dir: string): string[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}

/** The build before this one stays: a running server may still read its assets. */
async function forgetOthers(home: string, ...keep: (string | undefined)[]): Promise<void> {
  for (const entry of readdirSync(home, { withFileTypes: true })) {
    if (entry.isDirectory() && !keep.includes(entry.name) && !entry.name.startsWith('new-')) {
      await rm(join(home, entry.name), { recursive: true, force: true })
    }
  }
}
