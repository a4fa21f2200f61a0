import { describe, expect, it } from 'vitest'
import { PERMISSIONS } from '../../../workers/contract/permissions.ts'
import { Problem } from '../../../workers/contract/problem.ts'
import { makeApp } from '../../../workers/api/app.ts'
import { call, makeTenant, nobody } from '../../support/api.ts'

interface Operation {
  'x-permission'?: string
  'x-public'?: boolean
  'x-scope'?: string
}
interface Document {
  openapi: string
  paths: Record<string, Record<string, Operation>>
}

const document = async () => await (await call(nobody, 'GET', '/api/openapi.json')).json<Document>()
const operations = async () =>
  Object.entries((await document()).paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, op]) => ({ path, method, op })),
  )

describe('the OpenAPI document', () => {
  it('is 3.1 and lists every route that the app serves', async () => {
    const doc = await document()
    expect(doc.openapi).toBe('3.1.0')
    const served = makeApp().routes.filter((r) => r.method !== 'ALL' && r.path.startsWith('/api/v1/'))
    for (const { method, path } of served) {
      const listed = doc.paths[path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')]
      expect(listed?.[method.toLowerCase()], `${method} ${path}`).toBeDefined()
    }
  })

  it('names a permission of the table, a scope or its publicness for every operation', async () => {
    for (const { path, method, op } of await operations()) {
      const named = op['x-public'] === true || op['x-scope'] !== undefined || (op['x-permission'] ?? '') in PERMISSIONS
      expect(named, `${method} ${path}`).toBe(true)
    }
  })

  it('every operation with a permission refuses strangers with a problem', async () => {
    for (const { path, method, op } of await operations()) {
      if (op['x-permission'] === undefined) continue
      const response = await call(
        nobody,
        method.toUpperCase(),
        path.replace(/\{\w+\}/g, 'x'),
        method === 'get' ? undefined : {},
      )
      expect([response.status, path]).toEqual([401, path])
      Problem.parse(await response.json())
    }
  })

  it('every operation answers junk in its path, query and body without a 5xx', async () => {
    const { owner, org } = await makeTenant()
    const fill = (path: string) => path.replace('{org}', org.id).replace('{project}', org.default_project_id)
    for (const { path, method } of await operations()) {
      if (!path.startsWith('/api/')) continue
      const bodies =
        method === 'get' || method === 'delete'
          ? [undefined]
          : ['{', '[]', 'null', '{"name":5}', '{"measures":["nope"],"from":"x"}']
      const all = ['x', '%00', '..%2f..', 'a'.repeat(500), '%F0%9F%92%A9'].flatMap((junk) =>
        bodies.map(async (body) => {
          const at = `${fill(path).replace(/\{\w+\}/g, junk)}?cursor=${junk}&limit=${junk}&from=${junk}&group_by=${junk}`
          const { status } = await call(owner, method.toUpperCase(), at, body)
          expect(status, `${method} ${path} ${junk} ${String(body)}`).toBeLessThan(500)
        }),
      )
      await Promise.all(all)
    }
  }, 120_000)

  it('has a page for people without scripts from elsewhere', async () => {
    const response = await call(nobody, 'GET', '/api/docs')
    const html = await response.text()
    expect([response.status, html.includes('/api/v1/orgs/{org}/metrics/query'), html.includes('<script')]).toEqual([
      200,
      true,
      false,
    ])
  })

  it('publishes the schema of events', async () => {
    const schema = await (
      await call(nobody, 'GET', '/api/v1/schemas/event.json')
    ).json<{
      required: string[]
      properties: object
    }>()
    expect(schema.required).toEqual(['event_type', 'timestamp', 'trace_id', 'span_id'])
    expect(Object.keys(schema.properties)).toContain('tokens_cache_write')
  })
})
