import { inRoot } from './paths.ts'

export type WorkerName = 'edge' | 'api' | 'pipeline' | 'web'

export interface WorkerPlace {
  name: WorkerName
  /** Absolute path of the wrangler config, the same that deploys. */
  config: string
}

export interface TypedWorker extends WorkerPlace {
  name: 'edge' | 'api' | 'pipeline'
  /** Where `wrangler types` writes, and the name of the interface in it. */
  types: string
  envInterface: string
}

/** The Workers whose source is TypeScript of this project, in the order in which a bundle of them is built. */
export const TYPED_WORKERS: readonly TypedWorker[] = [
  {
    name: 'edge',
    config: inRoot('wrangler.toml'),
    types: inRoot('workers/edge/worker-configuration.d.ts'),
    envInterface: 'EdgeEnv',
  },
  {
    name: 'api',
    config: inRoot('workers/api/wrangler.toml'),
    types: inRoot('workers/api/worker-configuration.d.ts'),
    envInterface: 'ApiEnv',
  },
  {
    name: 'pipeline',
    config: inRoot('workers/pipeline/wrangler.toml'),
    types: inRoot('workers/pipeline/worker-configuration.d.ts'),
    envInterface: 'PipelineEnv',
  },
]

/** The dashboard: SvelteKit builds it. */
export const WEB_WORKER: WorkerPlace = { name: 'web', config: inRoot('web/wrangler.toml') }
