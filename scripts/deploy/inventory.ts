import { z } from 'zod'
import { StartError, reasonOf } from '../runtime/errors.ts'
import type { Inventory, Jurisdiction, Part } from './plan.ts'
import { wrangler } from './wrangler.ts'

const PAGES_MAX = 50
const JURISDICTIONS: (Jurisdiction | undefined)[] = [undefined, 'eu', 'us']

const Databases = z.array(z.object({ name: z.string(), uuid: z.string() }))
const Namespaces = z.array(z.object({ title: z.string(), id: z.string() }))
const Secrets = z.array(z.object({ name: z.string() }))

/** Asks the account, through wrangler, what is there already. */
export async function takeInventory(parts: readonly Part[]): Promise<Inventory> {
  await wrangler(['whoami', '--json']).catch(() => {
    throw new StartError(
      'not logged in to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID',
    )
  })
  const [ids, r2, queues, secrets] = await Promise.all([
    takeIds(),
    Promise.all(JURISDICTIONS.map(listBuckets)),
    listQueues(),
    listSecrets(parts),
  ])
  return { ...ids, r2: r2.flat(), queues, secrets }
}

/** What of the account is named by an id: all that the configs of a deploy need. */
export async function takeIds(): Promise<Pick<Inventory, 'd1' | 'kv'>> {
  const [d1, kv] = await Promise.all([
    wrangler(['d1', 'list', '--json']).then((text) => Databases.parse(jsonIn(text))),
    wrangler(['kv', 'namespace', 'list']).then((text) => Namespaces.parse(jsonIn(text))),
  ])
  return { d1: d1.map(({ name, uuid }) => ({ name, id: uuid })), kv }
}

async function listBuckets(jurisdiction: Jurisdiction | undefined): Promise<Inventory['r2']> {
  const listed = await wrangler(['r2', 'bucket', 'list', ...(jurisdiction ? ['--jurisdiction', jurisdiction] : [])])
  return bucketNames(listed).map((name) => ({ name, ...(jurisdiction ? { jurisdiction } : {}) }))
}

/** wrangler prints queues as a table only, a page at a time. */
async function listQueues(): Promise<Inventory['queues']> {
  const queues: Inventory['queues'] = []
  for (let page = 1; page <= PAGES_MAX; page++) {
    const rows = tableRows(await wrangler(['queues', 'list', '--page', String(page)]))
    const fresh = rows.filter((row) => row['name'] && !queues.some((queue) => queue.name === row['name']))
    if (fresh.length === 0) break
    for (const { name = '', jurisdiction } of fresh) {
      queues.push({ name, ...(jurisdiction === 'eu' || jurisdiction === 'us' ? { jurisdiction } : {}) })
    }
  }
  return queues
}

async function listSecrets(parts: readonly Part[]): Promise<Inventory['secrets']> {
  const secrets: Inventory['secrets'] = {}
  for (const { config } of parts.filter((part) => part.config.secrets.required.length > 0)) {
    try {
      secrets[config.name] = Secrets.parse(
        jsonIn(await wrangler(['secret', 'list', '--name', config.name, '--format', 'json'])),
      ).map((s) => s.name)
    } catch (error) {
      // The first deploy finds no Worker; its secrets come with its upload.
      if (!/not found/i.test(reasonOf(error))) throw error
    }
  }
  return secrets
}

/** The JSON array in what wrangler printed. */
export function jsonIn(text: string): unknown {
  const start = text.search(/^\[(?=\s*[\]{])/m)
  if (start < 0) throw new StartError(`wrangler printed no list:\n${text.trim()}`)
  return JSON.parse(text.slice(start)) as unknown
}

/** Names in `wrangler r2 bucket list`: blocks of `label: value`. */
export function bucketNames(text: string): string[] {
  return [...text.matchAll(/^name:\s+(\S+)/gm)].map(([, name = '']) => name)
}

/** Rows of a table that wrangler drew with box characters, by the names of its columns. */
export function tableRows(text: string): Record<string, string>[] {
  const lines = text.split('\n').filter((line) => line.startsWith('│'))
  const cells = lines.map((line) =>
    line
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  const [head = [], ...rows] = cells
  return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])))
}
