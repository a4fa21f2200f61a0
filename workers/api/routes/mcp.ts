import { z } from '@hono/zod-openapi'
import { Problem } from '../../contract/problem.ts'
import { AppError } from '../../domain/errors.ts'
import { problemResponse } from '../../domain/problem.ts'
import { admitReader, type AppContext } from '../context.ts'
import { logFailure } from '../log.ts'
import { askerOf, Refused } from '../mcp/caller.ts'
import type { App } from '../route.ts'

export const MCP = '/mcp'

/** What a client is told about how to come in. Keys are made in the dashboard: there is no OAuth to be found. */
const CHALLENGES: Partial<Record<AppError['code'], string>> = {
  unauthenticated: 'Bearer realm="AgentOps"',
  forbidden: 'Bearer realm="AgentOps", error="insufficient_scope", scope="read"',
}

/** Tools for people who ask an assistant. Each asks the routes beside it, in the caller's name. */
export function mcpRoutes(app: App): void {
  app.all(MCP, async (context) => {
    const c = context as AppContext
    try {
      requireOwnOrigin(c)
      const actor = await admitReader(c)
      const { serveMcp } = await import('../mcp/server.ts')
      return await serveMcp(c.req.raw, {
        caller: { ask: askerOf(app, c), actor, origin: new URL(c.req.url).origin, nowMs: c.get('deps').now() },
        requestId: c.get('requestId'),
        // A route that refuses logs it itself.
        failed: (error) => {
          if (!(error instanceof Refused)) logFailure(c.env.LOG_LEVEL, error, c.get('requestId'), c.req.method, MCP)
        },
      })
    } catch (error) {
      const challenge = error instanceof AppError ? CHALLENGES[error.code] : undefined
      if (challenge === undefined) throw error
      const response = problemResponse(error, c.get('requestId'))
      response.headers.set('www-authenticate', challenge)
      return response
    }
  })
  documentMcp(app)
}

/**
 * A page of another site may lead a browser here under a name of its own (DNS rebinding): whoever sends an origin must
 * come from ours. Programs send none.
 */
function requireOwnOrigin(c: AppContext): void {
  const origin = c.req.header('origin')
  if (origin !== undefined && origin !== new URL(c.req.url).origin)
    throw new AppError('forbidden', 'This request comes from another site.')
}

function documentMcp(app: App): void {
  const problem = (description: string) => ({
    description,
    content: { 'application/problem+json': { schema: Problem } },
  })
  app.openAPIRegistry.registerPath({
    method: 'post',
    path: MCP,
    tags: ['Assistants'],
    summary: 'Model Context Protocol, streamable HTTP without sessions: tools that read what the caller may see',
    'x-scope': 'read',
    security: [{ session: [] }, { key: [] }],
    request: { body: { required: true, content: { 'application/json': { schema: z.any() } } } },
    responses: {
      200: { description: 'A JSON-RPC answer', content: { 'application/json': { schema: z.any() } } },
      401: problem('Not signed in, or the key is not valid'),
      403: problem('The key lacks scope "read", or the request comes from another site'),
    },
  })
}
