import { SHARDS, type Cell, type Tenant } from '../contract/tenant.ts'

/**
 * The bindings of every cell. A Worker binds those that its config names; a missing one is an error at
 * the moment of use. Nothing but this file reads these names, so a tenant's data cannot be sent elsewhere.
 */
export interface CellEnv {
  APP_ENV: string
  DATA_GLOBAL_0?: D1Database
  DATA_GLOBAL_1?: D1Database
  DATA_EU_0?: D1Database
  DATA_US_0?: D1Database
  BUCKET_GLOBAL?: R2Bucket
  BUCKET_EU?: R2Bucket
  BUCKET_US?: R2Bucket
  QUEUE_GLOBAL?: Queue
  QUEUE_EU?: Queue
  QUEUE_US?: Queue
  NOTIFY_GLOBAL?: Queue
  NOTIFY_EU?: Queue
  NOTIFY_US?: Queue
  REPORTS_GLOBAL?: Queue
  REPORTS_EU?: Queue
  REPORTS_US?: Queue
  RENDERER_GLOBAL?: string
  RENDERER_EU?: string
  RENDERER_US?: string
}

/** The stores of one cell. */
export interface CellStores {
  readonly cell: Cell
  readonly shards: number
  shard(index: number): D1Database
  readonly bucket: R2Bucket
  readonly queue: Queue
  /** Tasks to tell channels. */
  readonly notify: Queue
  /** Scheduled reports that are to be made. */
  readonly reports: Queue
  /** The URL of what draws pages of the dashboard in this cell; empty where nothing does. */
  readonly renderer: string
  /** A Durable Object of this cell's jurisdiction, by name. */
  object<T extends Rpc.DurableObjectBranded | undefined>(
    namespace: DurableObjectNamespace<T>,
    name: string,
  ): DurableObjectStub<T>
}

const NAMES: Record<Cell, Uppercase<Cell>> = { global: 'GLOBAL', eu: 'EU', us: 'US' }

/** The only way from a tenant's cell to a binding. Throws for a cell or shard that does not exist. */
export function cellFor(env: CellEnv, cell: Cell): CellStores {
  const suffix = NAMES[cell]
  if (suffix === undefined) throw new Error('unknown cell')
  return {
    cell,
    shards: SHARDS[cell],
    shard(index) {
      if (!Number.isInteger(index) || index < 0 || index >= SHARDS[cell])
        throw new Error(`cell ${cell} has no shard ${index}`)
      return bound(env[`DATA_${suffix}_${index}` as keyof CellEnv] as D1Database | undefined, `DATA_${suffix}_${index}`)
    },
    get bucket() {
      return bound(env[`BUCKET_${suffix}`], `BUCKET_${suffix}`)
    },
    get queue() {
      return bound(env[`QUEUE_${suffix}`], `QUEUE_${suffix}`)
    },
    get notify() {
      return bound(env[`NOTIFY_${suffix}`], `NOTIFY_${suffix}`)
    },
    get reports() {
      return bound(env[`REPORTS_${suffix}`], `REPORTS_${suffix}`)
    },
    get renderer() {
      return env[`RENDERER_${suffix}`] ?? ''
    },
    object(namespace, name) {
      return pinned(namespace, cell, env.APP_ENV, name)
    },
  }
}

/** The data shard of one tenant. */
export function shardOf(env: CellEnv, tenant: Tenant): D1Database {
  return cellFor(env, tenant.cell).shard(tenant.shard)
}

function bound<T>(binding: T | undefined, name: string): T {
  if (binding === undefined) throw new Error(`this Worker has no binding ${name}`)
  return binding
}

/** workerd implements no jurisdictions, so local runs keep cells apart by name (workerd #4167). */
function pinned<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  cell: Cell,
  appEnv: string,
  name: string,
): DurableObjectStub<T> {
  if (cell === 'global') return namespace.getByName(name)
  if (appEnv === 'production') return namespace.jurisdiction(cell).getByName(name)
  return namespace.getByName(`${cell}:${name}`)
}
