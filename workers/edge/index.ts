import { AppError } from '../domain/errors.ts'
import { problemResponse } from '../domain/problem.ts'
import type { Env } from './env.ts'
import { INGEST_CORS, preflight, requestIdOf, withHeaders } from './headers.ts'
import { readyz } from './health.ts'
import { logFailure } from './log.ts'
import { isShared, methodsAt } from './routes.ts'

export default {
  async fetch(request, env, ctx) {
    const requestId = requestIdOf(request)
    const path = new URL(request.url).pathname
    try {
      return withHeaders(
        await route(request, path, env, ctx, requestId),
        requestId,
        path.startsWith('/v1/') || takes(request.method, path) ? INGEST_CORS : {},
      )
    } catch (error) {
      logFailure(env.LOG_LEVEL, error, requestId, path)
      return withHeaders(problemResponse(error, requestId), requestId, INGEST_CORS)
    }
  },
} satisfies ExportedHandler<Env>

/** Whether a request is answered here, and so by its key alone. */
function takes(method: string, path: string): boolean {
  const methods = methodsAt(path)
  return methods !== undefined && (Object.hasOwn(methods, method) || !isShared(path))
}

async function route(
  request: Request,
  path: string,
  env: Env,
  ctx: ExecutionContext,
  requestId: string,
): Promise<Response> {
  const methods = methodsAt(path)
  if (methods !== undefined) {
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined
    if (handler !== undefined) return handler(request, env, ctx)
    const allowed = [...Object.keys(methods), 'OPTIONS'].join(', ')
    if (request.method === 'OPTIONS') return preflight(allowed)
    if (!isShared(path)) return notAllowed(allowed, requestId)
  }
  if (path === '/healthz') return Response.json({ status: 'ok' }, { headers: { 'cache-control': 'no-store' } })
  if (path === '/readyz') return readyz(env)
  if (path.startsWith('/v1/'))
    throw new AppError(
      'not_found',
      'There is no such endpoint. Events go to POST /v1/events, OTLP to POST /v1/traces, /v1/logs and /v1/metrics, later outcomes to POST /v1/outcomes, and agents ask POST /v1/guard/reserve.',
    )
  const forwarded = new Request(request)
  forwarded.headers.set('x-request-id', requestId)
  return isOfApi(path) ? env.API.fetch(forwarded) : env.WEB.fetch(forwarded)
}

/** Whether the api answers a path, and not the dashboard. Clients of `/mcp` look below `.well-known` for an OAuth that there is not. */
function isOfApi(path: string): boolean {
  return /^\/(api|mcp|\.well-known)(\/|$)/.test(path)
}

function notAllowed(allow: string, requestId: string): Response {
  const response = problemResponse(new AppError('method_not_allowed', `Use ${allow}.`), requestId)
  response.headers.set('allow', allow)
  return response
}
