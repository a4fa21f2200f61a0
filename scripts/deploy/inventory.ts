import * as z from 'zod'
import { CloudflareError, type Account } from './account.ts'
import type { Inventory, Jurisdiction, Part, Step } from './plan.ts'

const JURISDICTIONS: (Jurisdiction | undefined)[] = [undefined, 'eu', 'us']

const Database = z.object({ name: z.string(), uuid: z.string() })
const Namespace = z.object({ title: z.string(), id: z.string() })
const Buckets = z.object({ buckets: z.array(z.object({ name: z.string() })) })
const Queue = z.object({ queue_name: z.string(), jurisdiction: z.string().nullish() })
const Secrets = z.array(z.object({ name: z.string() }))

/** Asks the account what is there already. */
export async function takeInventory(account: Account, parts: readonly Part[]): Promise<Inventory> {
  const [ids, r2, queues, secrets] = await Promise.all([
    takeIds(account),
    Promise.all(JURISDICTIONS.map((jurisdiction) => listBuckets(account, jurisdiction))),
    listQueues(account),
    listSecrets(account, parts),
  ])
  return { ...ids, r2: r2.flat(), queues, secrets }
}

/** What of the account is named by an id: all that the configs of a deploy need. */
export async function takeIds(account: Account): Promise<Pick<Inventory, 'd1' | 'kv'>> {
  const [d1, kv] = await Promise.all([
    account.list('/d1/database', Database, ({ uuid }) => uuid),
    account.list('/storage/kv/namespaces', Namespace, ({ id }) => id),
  ])
  return { d1: d1.map(({ name, uuid }) => ({ name, id: uuid })), kv }
}

/** Each jurisdiction has buckets of its own, also of the same names. */
async function listBuckets(account: Account, jurisdiction: Jurisdiction | undefined): Promise<Inventory['r2']> {
  const buckets = await account.listByCursor('/r2/buckets', (result) => Buckets.parse(result).buckets, {
    query: { per_page: '1000' },
    headers: inJurisdiction(jurisdiction),
  })
  return buckets.map(({ name }) => ({ name, ...(jurisdiction ? { jurisdiction } : {}) }))
}

async function listQueues(account: Account): Promise<Inventory['queues']> {
  const queues = await account.list('/queues', Queue, ({ queue_name }) => queue_name)
  return queues.map(({ queue_name: name, jurisdiction }) => ({
    name,
    ...(jurisdiction === 'eu' || jurisdiction === 'us' ? { jurisdiction } : {}),
  }))
}

async function listSecrets(account: Account, parts: readonly Part[]): Promise<Inventory['secrets']> {
  const secrets: Inventory['secrets'] = {}
  for (const { config } of parts.filter((part) => part.config.secrets.required.length > 0)) {
    try {
      const found = await account.call(`/workers/scripts/${config.name}/secrets`, Secrets)
      secrets[config.name] = found.map(({ name }) => name)
    } catch (error) {
      // The first deploy finds no Worker; its secrets come with its upload.
      if (!(error instanceof CloudflareError && error.status === 404)) throw error
    }
  }
  return secrets
}

const inJurisdiction = (jurisdiction: Jurisdiction | undefined): Record<string, string> =>
  jurisdiction ? { 'cf-r2-jurisdiction': jurisdiction } : {}

/** Makes what a step of the plan says; throws what Cloudflare has against it. */
export async function create(account: Account, step: Step): Promise<void> {
  const make = (path: string, body: unknown, headers = {}) =>
    account.call(path, z.unknown(), { method: 'POST', body, headers })
  const pinned = 'jurisdiction' in step && step.jurisdiction ? { jurisdiction: step.jurisdiction } : {}
  switch (step.do) {
    case 'create-d1':
      await make('/d1/database', { name: step.name, ...pinned })
      return
    case 'create-r2':
      await make('/r2/buckets', { name: step.name }, inJurisdiction(step.jurisdiction))
      return
    case 'create-queue':
      await make('/queues', { queue_name: step.name, ...pinned })
      return
    case 'create-kv':
      await make('/storage/kv/namespaces', { title: step.title })
      return
    default:
      throw new Error(`${step.do} creates nothing`)
  }
}
