import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, it } from 'vitest'
import * as z from 'zod'
import { accountOf } from '../../scripts/deploy/account.ts'
import { takeInventory } from '../../scripts/deploy/inventory.ts'
import { jsonIn } from '../../scripts/deploy/wrangler.ts'

const answers = new Map<string, (url: URL) => unknown>([
  // One page is not full, as when Cloudflare filters after it has cut pages.
  ['/a/queues', page(['one', 'two'], ['three'], ['four'])],
  ['/a/d1/database', () => ({ result: [{ name: 'agentops-control', uuid: 'u1' }] })],
  ['/a/storage/kv/namespaces', () => ({ result: [] })],
  ['/a/refused', () => ({ success: false, errors: [{ code: 7406, message: 'too many databases' }] })],
])
const asked: { url: string; headers: IncomingMessage['headers'] }[] = []

function page(...pages: string[][]) {
  return (url: URL) => ({
    result: (pages[Number(url.searchParams.get('page')) - 1] ?? []).map((name) => ({ queue_name: name })),
  })
}

function buckets(url: URL, jurisdiction: string | string[] | undefined): unknown {
  if (typeof jurisdiction === 'string') return { result: { buckets: [{ name: `only-${jurisdiction}` }] } }
  const second = url.searchParams.get('cursor') === 'next'
  return { result: { buckets: [{ name: second ? 'b' : 'a' }] }, result_info: second ? {} : { cursor: 'next' } }
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://fake')
  asked.push({ url: url.pathname, headers: request.headers })
  const found =
    url.pathname === '/a/r2/buckets'
      ? buckets(url, request.headers['cf-r2-jurisdiction'])
      : answers.get(url.pathname)?.(url)
  if (url.pathname === '/a/html') response.writeHead(502).end('<h1>bad gateway</h1>')
  else response.end(JSON.stringify({ success: true, errors: [], ...(found as object) }))
}

const server = createServer(answer)
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
afterAll(() => server.close())
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a`
const account = accountOf('a', base, { authorization: 'Bearer a-token' })

it('reads lists to their end, by page and by cursor, in each jurisdiction', async () => {
  const inventory = await takeInventory(account, [])
  expect(inventory.queues.map(({ name }) => name)).toEqual(['one', 'two', 'three', 'four'])
  expect(inventory.d1).toEqual([{ name: 'agentops-control', id: 'u1' }])
  expect(inventory.kv).toEqual([])
  expect(inventory.r2).toEqual([
    { name: 'a' },
    { name: 'b' },
    { name: 'only-eu', jurisdiction: 'eu' },
    { name: 'only-us', jurisdiction: 'us' },
  ])
  for (const { headers } of asked) expect(headers.authorization).toBe('Bearer a-token')
})

it.each([
  ['/refused', 'Cloudflare answered GET /refused with 200: too many databases (7406)', 200],
  ['/html', 'Cloudflare answered GET /html with 502', 502],
])('says what Cloudflare has against %s, without the token', async (path, message, status) => {
  await expect(account.call(path, z.unknown())).rejects.toMatchObject({ message, status })
})

it('finds the JSON behind other lines that wrangler prints', () => {
  expect(jsonIn('[notice] hello\nGetting…\n[\n  { "name": "a" }\n]\n')).toEqual([{ name: 'a' }])
  expect(jsonIn('{notice} hello\n{\n  "type": "oauth",\n  "token": "t"\n}\n')).toEqual({ type: 'oauth', token: 't' })
  expect(() => jsonIn('not logged in')).toThrow(/printed no JSON/)
})
