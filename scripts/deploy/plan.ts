import { resolve } from 'node:path'
import type { WorkerConfig } from '../runtime/config.ts'
import type { WorkerName } from '../runtime/workers.ts'

export type Jurisdiction = 'eu' | 'us'

/** One Worker that is to be deployed. */
export interface Part {
  worker: WorkerName
  /** The folder of its wrangler config. */
  home: string
  config: WorkerConfig
}

/** What the account has already. */
export interface Inventory {
  d1: { name: string; id: string }[]
  r2: { name: string; jurisdiction?: Jurisdiction }[]
  queues: { name: string; jurisdiction?: Jurisdiction }[]
  kv: { title: string; id: string }[]
  /** Names of the secrets of each Worker that exists. */
  secrets: Record<string, string[]>
}

export type Step =
  | { do: 'create-d1'; name: string; jurisdiction?: Jurisdiction }
  | { do: 'create-r2'; name: string; jurisdiction?: Jurisdiction }
  | { do: 'create-queue'; name: string; jurisdiction?: Jurisdiction }
  | { do: 'create-kv'; title: string }
  /** `dir` is the folder of the migrations. */
  | { do: 'migrate'; database: string; dir: string }
  | { do: 'deploy'; worker: WorkerName; name: string; newSecrets: string[] }

/** A plan that cannot be carried out as things are. */
export class PlanError extends Error {}

/** Title of the KV namespace behind a binding. */
export const kvTitle = (binding: string) => `agentops-${binding.toLowerCase()}`

/** The jurisdiction of a cell's resource, by the cell in its name: `agentops-data-eu-0`, `agentops-dead-us`. */
export function jurisdictionOf(name: string): Jurisdiction | undefined {
  const found = /(?:^|-)(eu|us)(?:-|$)/.exec(name)
  return found ? (found[1] as Jurisdiction) : undefined
}

/** What is left to do so that these Workers run: what is missing is made, what exists is left alone. */
export function planDeploy(parts: readonly Part[], inventory: Inventory): Step[] {
  return [
    ...missingDatabases(parts, inventory),
    ...missingBuckets(parts, inventory),
    ...missingQueues(parts, inventory),
    ...missingNamespaces(parts, inventory),
    ...migrations(parts),
    ...deployOrder(parts).map((part) => deployStep(part, inventory)),
  ]
}

const unique = (names: readonly string[]) => [...new Set(names)]

/** Leaves `jurisdiction` out where there is none, so that a step prints and compares plainly. */
const pinned = (jurisdiction: Jurisdiction | undefined) => (jurisdiction ? { jurisdiction } : {})

function missingDatabases(parts: readonly Part[], { d1 }: Inventory): Step[] {
  const wanted = unique(parts.flatMap(({ config }) => config.d1_databases.map((database) => database.database_name)))
  return wanted
    .filter((name) => !d1.some((database) => database.name === name))
    .map((name) => ({ do: 'create-d1', name, ...pinned(jurisdictionOf(name)) }))
}

function missingBuckets(parts: readonly Part[], { r2 }: Inventory): Step[] {
  const steps = new Map<string, Step>()
  for (const { bucket_name: name, jurisdiction } of parts.flatMap(({ config }) => config.r2_buckets)) {
    if (jurisdiction !== jurisdictionOf(name)) {
      throw new PlanError(
        `bucket ${name} has jurisdiction ${jurisdiction ?? 'none'} in a config, which its name contradicts`,
      )
    }
    if (r2.some((bucket) => bucket.name === name && bucket.jurisdiction === jurisdiction)) continue
    steps.set(name, { do: 'create-r2', name, ...pinned(jurisdictionOf(name)) })
  }
  return [...steps.values()]
}

function missingQueues(parts: readonly Part[], { queues }: Inventory): Step[] {
  const wanted = parts.flatMap(({ config }) => [
    ...config.queues.consumers.flatMap((consumer) => consumer.dead_letter_queue ?? []),
    ...config.queues.consumers.map((consumer) => consumer.queue),
    ...config.queues.producers.map((producer) => producer.queue),
  ])
  const steps: Step[] = []
  for (const name of unique(wanted)) {
    const jurisdiction = jurisdictionOf(name)
    const found = queues.find((queue) => queue.name === name)
    if (found && found.jurisdiction !== jurisdiction) {
      // Fixed at creation: going on would process a pinned tenant's data elsewhere.
      throw new PlanError(
        `queue ${name} exists in jurisdiction ${found.jurisdiction ?? 'none'}, but must be in ${jurisdiction ?? 'none'}: delete it first`,
      )
    }
    if (!found) steps.push({ do: 'create-queue', name, ...pinned(jurisdiction) })
  }
  return steps
}

function missingNamespaces(parts: readonly Part[], { kv }: Inventory): Step[] {
  const titles = unique(parts.flatMap(({ config }) => config.kv_namespaces.map(({ binding }) => kvTitle(binding))))
  return titles
    .filter((title) => !kv.some((namespace) => namespace.title === title))
    .map((title) => ({ do: 'create-kv', title }))
}

/** Each database once, with the migrations that whichever Worker comes first names for it. */
function migrations(parts: readonly Part[]): Step[] {
  const steps = new Map<string, Step>()
  for (const { home, config } of parts) {
    for (const { database_name: database, migrations_dir } of config.d1_databases) {
      if (migrations_dir && !steps.has(database))
        steps.set(database, { do: 'migrate', database, dir: resolve(home, migrations_dir) })
    }
  }
  return [...steps.values()]
}

function deployStep({ worker, config }: Part, { secrets }: Inventory): Step {
  const present = secrets[config.name] ?? []
  return {
    do: 'deploy',
    worker,
    name: config.name,
    newSecrets: config.secrets.required.filter((name) => !present.includes(name)),
  }
}

/** Workers after those that they bind to: a binding to a Worker that does not exist is refused. */
export function deployOrder(parts: readonly Part[]): Part[] {
  const order: Part[] = []
  const visiting = new Set<Part>()
  const visit = (part: Part) => {
    if (order.includes(part)) return
    if (visiting.has(part)) {
      throw new PlanError(
        `these Workers bind to each other in a circle: ${[...visiting].map(({ config }) => config.name).join(', ')}`,
      )
    }
    visiting.add(part)
    for (const name of bindsTo(part)) {
      const other = parts.find(({ config }) => config.name === name)
      if (!other) throw new PlanError(`${part.config.name} binds to ${name}, which no config here declares`)
      visit(other)
    }
    visiting.delete(part)
    order.push(part)
  }
  parts.forEach(visit)
  return order
}

function bindsTo({ config }: Part): string[] {
  const services = config.services.map(({ service }) => service)
  const objects = config.durable_objects.bindings.flatMap(({ script_name }) => script_name ?? [])
  return unique([...services, ...objects]).filter((name) => name !== config.name)
}

/** A step in words. */
export function describeStep(step: Step): string {
  const where = 'jurisdiction' in step ? `, jurisdiction ${step.jurisdiction ?? ''}` : ''
  switch (step.do) {
    case 'create-d1':
      return `create D1 database ${step.name}${where}`
    case 'create-r2':
      return `create R2 bucket ${step.name}${where}`
    case 'create-queue':
      return `create queue ${step.name}${where}`
    case 'create-kv':
      return `create KV namespace ${step.title}`
    case 'migrate':
      return `apply migrations to ${step.database}`
    case 'deploy':
      return `deploy ${step.name}${step.newSecrets.length > 0 ? ` with a new ${step.newSecrets.join(', ')}` : ''}`
  }
}
