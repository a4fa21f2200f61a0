import type { Miniflare } from 'miniflare'
import { enableCompileCache } from 'node:module'
import { buildAll } from './build.ts'
import type { Bundle } from './bundle.ts'
import { endOrphan, lockDataDir, openDataDir } from './data-dir.ts'
import { COMPILED_DIR } from './paths.ts'
import { freePort } from './port.ts'

export interface RuntimeOptions {
  /** 0 takes any free port. */
  port: number
  host?: string
  dataDir: string
  /** Replace values of the configs' `[vars]`. */
  vars?: Record<string, string>
  /** Without the dashboard the build is much shorter. */
  withWeb?: boolean
  /** Pages in a browser load themselves again after `reload`. */
  liveReload?: boolean
  /** False leaves messages in the queues, to see what the edge takes alone. */
  consume?: boolean
  /** Progress of the start, and what the Workers log. */
  log?: (line: string) => void
  onWorkerLog?: (line: { level: string; message: string }) => void
}

export interface Readiness {
  ok: boolean
  status: number
  detail: string
}

export interface Runtime {
  url: string
  miniflare: Miniflare
  /** Asks the product itself whether all its parts answer. */
  ready(): Promise<Readiness>
  /** Runs a Worker's scheduled handler now, as its cron would. */
  scheduled(cron: string): Promise<void>
  /** Messages that wait in the queues. */
  backlog(): Promise<number>
  /** Goes on with other bundles, in a new workerd on the same port and data. */
  reload(bundles: readonly Bundle[]): Promise<void>
  /** Refuses new requests, lets the queues drain, and ends within this time. */
  stop(timeoutMs?: number): Promise<{ drained: boolean }>
}

/** Builds, migrates and serves the whole product in one workerd, from the wrangler configs that deploy. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { dataDir, host = '127.0.0.1', log = () => {} } = options
  openDataDir(dataDir)
  const unlock = lockDataDir(dataDir)
  try {
    await endOrphan(dataDir)
    const port = await freePort(host, options.port)
    const bundles = await buildAll({ withWeb: options.withWeb ?? true, log })
    // Only now: reading Miniflare and wrangler takes seconds, which a start that cannot be need not wait for.
    enableCompileCache(COMPILED_DIR)
    const { serve } = await import('./serve.ts')
    return await serve({ ...options, host, port, log }, bundles, unlock)
  } catch (error) {
    unlock()
    throw error
  }
}
