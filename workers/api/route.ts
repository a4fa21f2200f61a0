import type { z } from '@hono/zod-openapi'
import { createRoute, type OpenAPIHono } from '@hono/zod-openapi'
import { Problem } from '../contract/problem.ts'
import { PERMISSIONS, type Permission } from '../contract/permissions.ts'
import type { Deps } from './deps.ts'
import type { Env } from './env.ts'
import { audited, type Changed } from './audited.ts'
import { admit, type AppContext, type Who } from './context.ts'

export type App = OpenAPIHono<{ Bindings: Env; Variables: { deps: Deps; requestId: string; who: Who } }>

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

export interface RouteSpec<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodType, A extends z.ZodType> {
  method: Method
  /** With OpenAPI braces, like `/api/v1/orgs/{org}`. */
  path: string
  tag: string
  summary: string
  /** `public`: anybody, without a credential. */
  permission: Permission | 'public'
  /** What the audit log calls the change, like `key.create`; null for a route that changes nothing, as no GET does. */
  action?: string | null
  params?: P
  query?: Q
  body?: B
  status?: 200 | 201
  answer: A
  handle(input: {
    /** To be called with what was changed. */
    changed: Changed
    params: z.infer<P>
    query: z.infer<Q>
    body: z.infer<B>
    who: Who
    deps: Deps
    c: AppContext
  }): Promise<z.input<A>>
}

const problem = (description: string) => ({ description, content: { 'application/problem+json': { schema: Problem } } })
type None = z.ZodObject<Record<string, never>>

/** Registers a route with its document, its permission and its checks. None is made without a permission, no change without a name. */
export function route<
  P extends z.ZodObject = None,
  Q extends z.ZodObject = None,
  B extends z.ZodType = None,
  A extends z.ZodType = z.ZodType,
>(app: App, spec: RouteSpec<P, Q, B, A>): void {
  if (spec.permission !== 'public' && !(spec.permission in PERMISSIONS))
    throw new Error(`${spec.method} ${spec.path} has no permission`)
  if (spec.method !== 'get' && spec.action === undefined)
    throw new Error(`${spec.method} ${spec.path} does not say what the audit log calls it`)
  const status = spec.status ?? 200
  const definition = createRoute({
    method: spec.method,
    path: spec.path,
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.permission === 'public'
      ? { 'x-public': true }
      : {
          'x-permission': spec.permission,
          security: [{ session: [] }, ...(PERMISSIONS[spec.permission].scopes.length > 0 ? [{ key: [] }] : [])],
        }),
    request: {
      ...(spec.params && { params: spec.params }),
      ...(spec.query && { query: spec.query }),
      ...(spec.body && { body: { required: true, content: { 'application/json': { schema: spec.body } } } }),
    },
    responses: {
      [status]: { description: 'Done', content: { 'application/json': { schema: spec.answer } } },
      401: problem('Not signed in, or the key is not valid'),
      403: problem('Not permitted'),
      404: problem('Does not exist, or is not yours'),
      422: problem('Not valid'),
    },
  })
  const { permission } = spec
  app.use(definition.getRoutingPath(), async (c, next) => {
    if (c.req.method.toLowerCase() === spec.method && permission !== 'public')
      c.set('who', await admit(c as AppContext, permission, Boolean(spec.action)))
    await next()
  })
  app.openapi(definition, (async (c: AppContext) => {
    const valid = (part: 'param' | 'query' | 'json') =>
      (c.req as unknown as { valid(part: string): unknown }).valid(part) ?? {}
    const input = {
      params: (spec.params ? valid('param') : {}) as z.infer<P>,
      query: (spec.query ? valid('query') : {}) as z.infer<Q>,
      body: (spec.body ? valid('json') : {}) as z.infer<B>,
      who: c.get('who'),
      deps: c.get('deps'),
      c,
    }
    const answer = spec.action
      ? await audited(c, input.who, spec.action, (changed) => spec.handle({ ...input, changed }))
      : await spec.handle({ ...input, changed: () => {} })
    return answer instanceof Response ? answer : c.json(answer as object, status)
  }) as never)
}
