import * as z from 'zod'
import { StartError } from '../runtime/errors.ts'
import { jsonIn, wrangler } from './wrangler.ts'

const API = 'https://api.cloudflare.com/client/v4'
const TIMEOUT_MS = 60_000
const PAGES_MAX = 100

const Credentials = z.union([z.object({ token: z.string() }), z.object({ key: z.string(), email: z.string() })])
const Accounts = z.object({ accounts: z.array(z.object({ id: z.string(), name: z.string() })) })
const Envelope = z.object({
  success: z.boolean(),
  errors: z.array(z.object({ code: z.number(), message: z.string() })).default([]),
  result: z.unknown().optional(),
  result_info: z.object({ cursor: z.string().optional() }).nullish(),
})

export interface Call {
  method?: 'GET' | 'POST'
  query?: Record<string, string>
  headers?: Record<string, string>
  body?: unknown
}

/** What Cloudflare refused, with its status and the codes that it gave. */
export class CloudflareError extends StartError {
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** The API of one Cloudflare account, as the person who is logged in. */
export interface Account {
  id: string
  /** Calls `path` below the account; throws what Cloudflare says against it. */
  call<S extends z.ZodType>(path: string, schema: S, call?: Call): Promise<z.infer<S>>
  /** Everything of a list that comes in numbered pages, by what makes each item one. */
  list<S extends z.ZodType>(path: string, schema: S, keyOf: (item: z.infer<S>) => string): Promise<z.infer<S>[]>
  /** Everything of a list that comes with cursors, which `itemsOf` finds in an answer. */
  listByCursor<T>(path: string, itemsOf: (result: unknown) => T[], call: Call): Promise<T[]>
}

/**
 * The account that wrangler would deploy to. wrangler keeps the login, also renews it, and so is asked for it once; what
 * follows is asked of Cloudflare's API itself, since each start of wrangler takes seconds.
 */
export async function openAccount(env: Record<string, string | undefined> = process.env): Promise<Account> {
  const said = await wrangler(['auth', 'token', '--json']).catch(() => {
    throw new StartError(
      'not logged in to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID',
    )
  })
  const credentials = Credentials.parse(jsonIn(said))
  const headers: Record<string, string> =
    'token' in credentials
      ? { authorization: `Bearer ${credentials.token}` }
      : { 'x-auth-key': credentials.key, 'x-auth-email': credentials.email }
  const id = env['CLOUDFLARE_ACCOUNT_ID'] ?? (await onlyAccount())
  return accountOf(id, `${env['CLOUDFLARE_API_BASE_URL'] ?? API}/accounts/${id}`, headers)
}

async function onlyAccount(): Promise<string> {
  const { accounts } = Accounts.parse(jsonIn(await wrangler(['whoami', '--json'])))
  const [first, ...others] = accounts
  if (!first) throw new StartError('this login belongs to no Cloudflare account')
  if (others.length > 0) {
    const named = accounts.map(({ id, name }) => `${id} (${name})`).join(', ')
    throw new StartError(`set CLOUDFLARE_ACCOUNT_ID to the account to deploy to, one of ${named}`)
  }
  return first.id
}

/** An account at a base URL; `headers` say who asks. */
export function accountOf(id: string, baseUrl: string, headers: Record<string, string>): Account {
  const ask = async (path: string, { method = 'GET', query, body, ...more }: Call = {}) => {
    const response = await fetch(`${baseUrl}${path}${query ? `?${new URLSearchParams(query).toString()}` : ''}`, {
      method,
      headers: { ...headers, ...more.headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer = Envelope.safeParse(await response.json().catch(() => undefined))
    if (answer.success && answer.data.success) return answer.data
    const reasons = answer.success ? answer.data.errors.map(({ code, message }) => `${message} (${code})`) : []
    throw new CloudflareError(
      `Cloudflare answered ${method} ${path} with ${[response.status, ...reasons].join(': ')}`,
      response.status,
    )
  }
  return {
    id,
    call: async (path, schema, call) => schema.parse((await ask(path, call)).result),
    async list(path, schema, keyOf) {
      const found = new Map<string, z.infer<typeof schema>>()
      for (let page = 1; page <= PAGES_MAX; page++) {
        const { result } = await ask(path, { query: { page: String(page) } })
        const before = found.size
        for (const item of z.array(schema).parse(result)) found.set(keyOf(item), item)
        if (found.size === before) break
      }
      return [...found.values()]
    },
    async listByCursor(path, itemsOf, call) {
      const found = []
      let cursor: string | undefined
      for (let page = 1; page <= PAGES_MAX; page++) {
        const query = { ...call.query, ...(cursor ? { cursor } : {}) }
        const { result, result_info } = await ask(path, { ...call, query })
        found.push(...itemsOf(result))
        cursor = result_info?.cursor
        if (!cursor) break
      }
      return found
    },
  }
}
