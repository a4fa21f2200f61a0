import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { DatabaseSync } from 'node:sqlite'

/** What the pretended account holds. */
export interface FakeAccount {
  d1: { uuid: string; name: string; jurisdiction?: string }[]
  r2: { name: string; jurisdiction: string }[]
  queues: { queue_id: string; queue_name: string; jurisdiction?: string; consumers: number }[]
  kv: { id: string; title: string }[]
  /** By name, in the order of their first upload. */
  scripts: Map<
    string,
    { uploads: number; bindings: Record<string, unknown>[]; secrets: string[]; migrationTag?: string; crons: string[] }
  >
  /** What D1 databases hold, by their ids: they run the SQL that they are sent. */
  databases: Map<string, DatabaseSync>
  /** Calls that no route knew. */
  unknown: string[]
}

interface Call {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}
type Json = Record<string, unknown>
type Route = [method: string, path: RegExp, answer: (call: Call, match: RegExpExecArray) => unknown]

const MISSING = { missing: true }

/** A Cloudflare API that wrangler can deploy to: accounts, D1, R2, Queues, KV and Workers, as far as a deploy asks. */
export async function fakeCloudflare(): Promise<{ url: string; account: FakeAccount; close: () => void }> {
  const account: FakeAccount = {
    d1: [],
    r2: [],
    queues: [],
    kv: [],
    scripts: new Map(),
    databases: new Map(),
    unknown: [],
  }
  const routes = [...storeRoutes(account), ...queueRoutes(account), ...workerRoutes(account), ...accountRoutes]
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://fake')
      const path = url.pathname.replace(/^\/client\/v4/, '').replace(/^\/accounts\/[^/]+(?=\/)/, '')
      const call = { method: request.method ?? 'GET', path, query: url.searchParams, headers: request.headers, body }
      const result = answer(routes, call, account)
      const missing = result === MISSING
      response.writeHead(missing ? 404 : 200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          success: !missing,
          errors: missing ? [{ code: 10007, message: 'This Worker does not exist on your account.' }] : [],
          messages: [],
          result: missing ? null : result,
        }),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/client/v4`, account, close: () => server.close() }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('latin1')
}

function answer(routes: Route[], call: Call, account: FakeAccount): unknown {
  for (const [method, path, reply] of routes) {
    const match = path.exec(call.path)
    if (match && method.split('|').includes(call.method)) return reply(call, match)
  }
  account.unknown.push(`${call.method} ${call.path}`)
  return {}
}

const parsed = ({ body }: Call) => JSON.parse(body) as Json
const firstPage = <T>({ query }: Call, list: T[]) => (Number(query.get('page') ?? 1) > 1 ? [] : list)

const accountRoutes: Route[] = [
  ['GET', /^\/user$/, () => ({ email: 'someone@example.com' })],
  ['GET', /^\/(user\/)?tokens\/verify$/, () => ({ id: 'token', status: 'active' })],
  ['GET', /^\/memberships$/, () => [{ id: 'member', account: { id: 'account', name: 'Account' } }]],
  ['GET', /^\/accounts$/, () => [{ id: 'account', name: 'Account' }]],
]

function storeRoutes({ d1, r2, kv, databases }: FakeAccount): Route[] {
  const jurisdiction = (call: Call) => String(call.headers['cf-r2-jurisdiction'] ?? '')
  const made = <T>(list: T[], item: T): T => {
    list.push(item)
    return item
  }
  return [
    [
      'GET',
      /^\/d1\/database$/,
      (call) =>
        firstPage(
          call,
          d1.filter(({ name }) => !call.query.has('name') || call.query.get('name') === name),
        ),
    ],
    ['POST', /^\/d1\/database$/, (call) => made(d1, { uuid: randomUUID(), ...(parsed(call) as { name: string }) })],
    [
      'POST',
      /^\/d1\/database\/([^/]+)\/query$/,
      (call, [, id = '']) => [
        { results: answerOf(databases, id, String(parsed(call)['sql'])), success: true, meta: {} },
      ],
    ],
    [
      'GET',
      /^\/r2\/buckets$/,
      (call) => ({
        buckets: r2
          .filter((bucket) => bucket.jurisdiction === jurisdiction(call))
          .map(({ name }) => ({ name, creation_date: '2026-01-01' })),
      }),
    ],
    [
      'POST',
      /^\/r2\/buckets$/,
      (call) => made(r2, { name: String(parsed(call)['name']), jurisdiction: jurisdiction(call) }),
    ],
    ['GET', /^\/r2\/buckets\/([^/]+)$/, (_, [, name]) => ({ name })],
    ['GET', /^\/storage\/kv\/namespaces$/, (call) => firstPage(call, kv)],
    [
      'POST',
      /^\/storage\/kv\/namespaces$/,
      (call) => made(kv, { id: randomUUID().replaceAll('-', ''), title: String(parsed(call)['title']) }),
    ],
  ]
}

/** Runs what one call brings as a whole or not at all, as D1 does. */
function answerOf(databases: FakeAccount['databases'], id: string, sql: string): unknown[] {
  const database = databases.get(id) ?? new DatabaseSync(':memory:')
  databases.set(id, database)
  if (/^SELECT/i.test(sql)) return database.prepare(sql).all()
  database.exec(`BEGIN;${sql};COMMIT`)
  return []
}

function queueRoutes({ queues }: FakeAccount): Route[] {
  const shown = (queue: FakeAccount['queues'][number]) => ({
    ...queue,
    created_on: '2026-01-01',
    modified_on: '2026-01-01',
    producers: [],
    consumers: [],
    producers_total_count: 0,
    consumers_total_count: queue.consumers,
  })
  return [
    [
      'GET',
      /^\/queues$/,
      (call) => {
        const names = call.query.getAll('name')
        return firstPage(
          call,
          queues.filter(({ queue_name }) => names.length === 0 || names.includes(queue_name)).map(shown),
        )
      },
    ],
    [
      'POST',
      /^\/queues$/,
      (call) => {
        const queue = { queue_id: randomUUID(), consumers: 0, ...(parsed(call) as { queue_name: string }) }
        queues.push(queue)
        return shown(queue)
      },
    ],
    ['GET', /^\/queues\/[^/]+\/consumers/, () => []],
    [
      'POST|PUT',
      /^\/queues\/([^/]+)\/consumers/,
      (_, [, id]) => {
        const queue = queues.find(({ queue_id }) => queue_id === id)
        if (queue) queue.consumers++
        return {}
      },
    ],
  ]
}

function workerRoutes({ scripts }: FakeAccount): Route[] {
  const known = (
    name: string | undefined,
    result: (script: NonNullable<ReturnType<typeof scripts.get>>) => unknown,
  ) => {
    const script = scripts.get(name ?? '')
    return script ? result(script) : MISSING
  }
  return [
    ['GET', /^\/workers\/subdomain$/, () => ({ subdomain: 'acme' })],
    [
      'GET',
      /^\/workers\/scripts$/,
      () => [...scripts].map(([id, { migrationTag }]) => ({ id, migration_tag: migrationTag })),
    ],
    [
      'GET',
      /^\/workers\/services\/([^/]+)$/,
      (_, [, name]) => known(name, ({ migrationTag }) => service(name, migrationTag)),
    ],
    [
      'GET|PATCH',
      /^\/workers\/workers\/([^/]+)$/,
      (_, [, name]) => known(name, () => ({ id: name, name, subdomain: { enabled: true, previews_enabled: false } })),
    ],
    ['GET', /^\/workers\/scripts\/([^/]+)$/, (_, [, name]) => known(name, () => ({}))],
    ['GET', /^\/workers\/scripts\/([^/]+)\/settings$/, (_, [, name]) => known(name, ({ bindings }) => ({ bindings }))],
    [
      'GET',
      /^\/workers\/scripts\/([^/]+)\/secrets$/,
      (_, [, name]) => known(name, ({ secrets }) => secrets.map((secret) => ({ name: secret, type: 'secret_text' }))),
    ],
    ['POST', /^\/workers\/scripts\/[^/]+\/assets-upload-session$/, () => ({ jwt: 'jwt', buckets: [] })],
    ['PUT', /^\/workers\/scripts\/([^/]+)$/, (call, [, name = '']) => upload(scripts, name, call)],
    ['GET|POST', /^\/workers\/scripts\/[^/]+\/subdomain$/, () => ({ enabled: true, previews_enabled: false })],
    [
      'PUT',
      /^\/workers\/scripts\/([^/]+)\/schedules$/,
      (call, [, name]) =>
        known(name, (script) => {
          script.crons = (JSON.parse(call.body) as { cron: string }[]).map(({ cron }) => cron)
          return { schedules: [] }
        }),
    ],
    [
      'POST',
      /^\/workers\/scripts\/([^/]+)\/versions$/,
      (call, [, name = '']) => ({
        ...upload(scripts, name, call),
        resources: { script: { etag: 'etag', handlers: [] }, bindings: [] },
        metadata: {},
        number: 2,
      }),
    ],
    ['POST', /^\/workers\/scripts\/[^/]+\/deployments/, () => ({ id: 'deployment' })],
    ['PATCH', /^\/workers\/scripts\/[^/]+\/script-settings/, () => ({})],
    ['GET', /^\/workers\/scripts\/[^/]+\/deployments/, () => ({ deployments: [] })],
    ['GET|PUT|POST', /^\/workers\/(domains|scripts\/[^/]+\/domains)/, () => []],
  ]
}

const service = (id: string | undefined, tag: string | undefined) => ({
  id,
  default_environment: {
    environment: 'production',
    script: { id, tag: 'tag', tags: null, last_deployed_from: 'wrangler', migration_tag: tag },
  },
})

/** A multipart upload: its `metadata` part says what the Worker is bound to. */
function upload(scripts: FakeAccount['scripts'], name: string, { body }: Call): Json {
  const [, text = '{}'] = /name="metadata"\r\n(?:[^\r\n]+\r\n)*\r\n([\s\S]*?)\r\n--/.exec(body) ?? []
  const metadata = JSON.parse(text) as { bindings?: Record<string, unknown>[]; migrations?: { new_tag?: string } }
  const bindings = metadata.bindings ?? []
  const before = scripts.get(name)
  const secrets = bindings.flatMap((binding) => (binding['type'] === 'secret_text' ? String(binding['name']) : []))
  const migrationTag = metadata.migrations?.new_tag ?? before?.migrationTag
  scripts.set(name, {
    uploads: (before?.uploads ?? 0) + 1,
    bindings,
    secrets: [...new Set([...(before?.secrets ?? []), ...secrets])],
    crons: before?.crons ?? [],
    ...(migrationTag ? { migrationTag } : {}),
  })
  return {
    id: name,
    tag: 'tag',
    etag: 'etag',
    pipeline_hash: 'hash',
    deployment_id: 'deployment',
    startup_time_ms: 1,
    available_on_subdomain: true,
  }
}
