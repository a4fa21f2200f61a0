import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { Log, LogLevel, convertV4MiniflareOptions, type MiniflareOptions, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import type { Bundle } from './bundle.ts'
import { readRaw, readWorkerConfig } from './config.ts'
import { pidFile } from './data-dir.ts'
import { inRoot } from './paths.ts'

export interface LocalOptions {
  bundles: readonly Bundle[]
  host: string
  port: number
  dataDir: string
  /** Values that replace those of the same name in the configs' `[vars]`; names that a Worker does not declare are left out. */
  vars: Record<string, string>
  /** Values of the configs' `[secrets]`. */
  secrets: Record<string, string>
  /** Lets pages of the dashboard load themselves again when this process serves new bundles. */
  liveReload?: boolean
  /** False leaves messages in the queues. */
  consume?: boolean
  onLog: (line: { level: string; message: string }) => void
  /** Told when workerd had died and a new one was started. */
  onRestart: () => void
}

/** Names that the Workers have in their wrangler configs. */
export const EDGE = 'agentops-edge'
export const API = 'agentops-api'
export const PIPELINE = 'agentops-pipeline'
export const WEB = 'agentops-web'
export const GATE = 'local-gate'
export const CONTROL_ENTRYPOINT = 'Control'

/** The crons of each Worker, by its name. */
export type Crons = Record<string, string[]>

/** Miniflare's options for the whole product in one workerd, read from the wrangler configs that deploy. */
export function localOptions(options: LocalOptions): { miniflare: MiniflareOptions; crons: Crons } {
  const workers = options.bundles.map((bundle) => workerOptions(bundle, options))
  if (!options.bundles.some((bundle) => bundle.worker === 'web')) workers.push(absentWeb())
  const crons = Object.fromEntries(
    workers.flatMap((w) => (w.name && w.cronTriggers?.length ? [[w.name, w.cronTriggers]] : [])),
  )
  if (options.consume === false) for (const worker of workers) delete worker.queueConsumers
  const miniflare = convertV4MiniflareOptions({
    workers: [gate(options), ...workers],
    host: '127.0.0.1',
    port: 0,
    cf: false,
    log: new Log(LogLevel.WARN),
    resourcePersistencePath: resolve(options.dataDir),
    handleStructuredLogs: ({ level, message }) => options.onLog({ level, message }),
    unsafeHandleRuntimeRestart: options.onRestart,
    unsafeRuntimeEnv: {
      AGENTOPS_WORKERD: workerdPath(),
      AGENTOPS_WORKERD_PID: pidFile(options.dataDir),
    },
  })
  return { miniflare, crons }
}

/** The program that Miniflare starts in workerd's place. */
export const WORKERD_WRAPPER = inRoot('scripts/runtime/workerd.sh')

function workerdPath(): string {
  const miniflare = createRequire(import.meta.url).resolve('miniflare')
  const { default: path } = createRequire(miniflare)('workerd') as { default: string }
  return path
}

/** One Worker's Miniflare options, from its wrangler config and its bundle. */
export function workerOptions(
  bundle: Bundle,
  { vars, secrets }: Pick<LocalOptions, 'vars' | 'secrets'>,
): V4WorkerOptions {
  const { name, secrets: wanted } = readWorkerConfig(bundle.config)
  // Secrets come from us; left in, wrangler would look for them in the environment and warn.
  const { workerOptions: read } = unstable_getMiniflareWorkerOptions(withoutSecrets(bundle.config))
  const { rootPath: _, modulesRules: _rules, assets, ...rest } = read
  const declared = (rest.bindings ?? {}) as Record<string, unknown>
  const replaced = Object.fromEntries(Object.entries(vars).filter(([name]) => name in declared))
  const given = Object.fromEntries(wanted.required.map((name) => [name, secrets[name] ?? missing(name, bundle.config)]))
  return {
    ...rest,
    name,
    modulesRoot: bundle.dir,
    modules: bundle.modules,
    bindings: { ...declared, ...replaced, ...given },
    ...(assets && bundle.assets ? { assets: { ...assets, directory: bundle.assets } } : {}),
  } as V4WorkerOptions
}

function withoutSecrets(path: string): Parameters<typeof unstable_getMiniflareWorkerOptions>[0] {
  return { ...readRaw(path), secrets: undefined } as never
}

function missing(name: string, config: string): never {
  throw new Error(`${config} requires the secret ${name}, which was not given`)
}

function gate({ host, port, liveReload }: LocalOptions): V4WorkerOptions {
  return {
    name: GATE,
    modules: ['gate.mjs', 'live-reload.mjs'].map((file) => ({
      type: 'ESModule' as const,
      path: inRoot('scripts/runtime', file),
    })),
    bindings: { LIVE_RELOAD: liveReload ?? false },
    modulesRoot: inRoot('scripts/runtime'),
    compatibilityDate: '2026-11-01',
    serviceBindings: { EDGE, PIPELINE: { name: PIPELINE, entrypoint: 'Operations' } },
    // Straight to workerd: Miniflare's own proxy Worker would more than halve the requests a second.
    unsafeDirectSockets: [
      { host, port },
      { host: '127.0.0.1', port: 0, entrypoint: CONTROL_ENTRYPOINT },
    ],
  }
}

/** Answers in the dashboard's place where it is not part of a run. */
export function absentWeb(): V4WorkerOptions {
  return {
    name: WEB,
    modules: [{ type: 'ESModule', path: inRoot('scripts/runtime/absent-web.mjs') }],
    modulesRoot: inRoot('scripts/runtime'),
    compatibilityDate: '2026-11-01',
  }
}
