import { OpenAPIHono } from '@hono/zod-openapi'
import { HTTPException } from 'hono/http-exception'
import { routePath } from 'hono/route'
import { AppError } from '../domain/errors.ts'
import { problemResponse } from '../domain/problem.ts'
import { makeDeps } from './deps.ts'
import { document } from './document.ts'
import { docsPage } from './docs-page.ts'
import { logFailure } from './log.ts'
import type { App } from './route.ts'
import { alertRoutes } from './routes/alerts.ts'
import { auditRoutes } from './routes/audit.ts'
import { budgetRoutes } from './routes/budgets.ts'
import { channelRoutes } from './routes/channels.ts'
import { controlRoutes } from './routes/controls.ts'
import { deletionRoutes } from './routes/deletion.ts'
import { erasureRoutes } from './routes/erasures.ts'
import { exportRoutes } from './routes/exports.ts'
import { incidentRoutes } from './routes/incidents.ts'
import { ingestRoutes } from './routes/ingest.ts'
import { keyRoutes } from './routes/keys.ts'
import { mcpRoutes } from './routes/mcp.ts'
import { memberRoutes } from './routes/members.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { modelRoutes } from './routes/models.ts'
import { moveRoutes } from './routes/move.ts'
import { orgRoutes } from './routes/orgs.ts'
import { priceRoutes } from './routes/prices.ts'
import { principalRoutes } from './routes/principals.ts'
import { projectRoutes } from './routes/projects.ts'
import { repricingRoutes } from './routes/repricings.ts'
import { reportRoutes } from './routes/reports.ts'
import { retentionRoutes } from './routes/retention.ts'
import { runRoutes } from './routes/runs.ts'
import { schemaRoutes } from './routes/schemas.ts'
import { silenceRoutes } from './routes/silences.ts'
import { sloRoutes } from './routes/slos.ts'
import { ssoRoutes } from './routes/sso.ts'
import { traceRoutes } from './routes/traces.ts'
import { viewRoutes } from './routes/views.ts'

const ROUTES = [
  orgRoutes,
  moveRoutes,
  erasureRoutes,
  exportRoutes,
  modelRoutes,
  priceRoutes,
  repricingRoutes,
  deletionRoutes,
  retentionRoutes,
  budgetRoutes,
  controlRoutes,
  alertRoutes,
  incidentRoutes,
  silenceRoutes,
  channelRoutes,
  sloRoutes,
  memberRoutes,
  projectRoutes,
  keyRoutes,
  principalRoutes,
  ssoRoutes,
  traceRoutes,
  metricsRoutes,
  viewRoutes,
  reportRoutes,
  runRoutes,
  ingestRoutes,
  auditRoutes,
  schemaRoutes,
  mcpRoutes,
]

/** The api's routes, its document and its error handling. */
export function makeApp(): App {
  const app: App = new OpenAPIHono({
    defaultHook: (result) => {
      if (result.success) return
      const where = result.target === 'json' ? '' : result.target === 'param' ? 'path' : 'query'
      const errors = result.error.issues.map((issue) => ({
        pointer: `${where}/${issue.path.map(String).join('/')}`,
        detail: issue.message,
      }))
      throw new AppError(
        'invalid_input',
        errors[0] ? `${errors[0].pointer}: ${errors[0].detail}` : 'The request is not valid.',
        { errors },
      )
    },
  })
  app.use(async (c, next) => {
    c.set('requestId', c.req.header('x-request-id') ?? crypto.randomUUID())
    c.set('deps', makeDeps(c.env, new URL(c.req.url).origin))
    await next()
    if (c.res.webSocket || c.res.status === 101) return
    if (!c.res.headers.has('cache-control')) c.header('cache-control', 'private, no-store')
  })
  app.onError((error, c) => {
    const known = error instanceof HTTPException ? fromHono(error) : error
    logFailure(c.env.LOG_LEVEL, known, c.get('requestId'), c.req.method, routePath(c))
    return problemResponse(known, c.get('requestId'))
  })
  app.notFound((c) =>
    problemResponse(
      new AppError('not_found', 'There is no such endpoint; /api/docs lists them.'),
      c.get('requestId') ?? '',
    ),
  )

  app.get('/api/healthz', (c) => c.json({ status: 'ok' }))
  app.on(['GET', 'POST'], '/api/auth/*', async (c) => {
    const answer = await c.get('deps').auth.handler(c.req.raw)
    const wait = answer.headers.get('x-retry-after')
    if (wait === null) return answer
    const told = new Response(answer.body, answer)
    told.headers.set('retry-after', wait)
    return told
  })
  for (const register of ROUTES) register(app)
  app.get('/api/dev/mail', async (c) => {
    const { mailbox } = c.get('deps')
    if (mailbox === null) throw new AppError('not_found', 'There is no such endpoint; /api/docs lists them.')
    return c.json({ data: await mailbox.list() })
  })
  app.get('/api/dev/mail/attachments/:id', async (c) => {
    const content = (await c.get('deps').mailbox?.attachment(c.req.param('id'))) ?? null
    if (content === null) throw new AppError('not_found', 'There is no such attachment.')
    return new Response(content, { headers: { 'content-type': 'application/octet-stream' } })
  })
  app.get('/api/openapi.json', (c) => c.json(document(app), 200, { 'cache-control': 'public, max-age=300' }))
  app.get('/api/docs', () => docsPage(document(app)))
  return app
}

function fromHono(error: HTTPException): AppError {
  if (error.status === 400) return new AppError('unreadable', 'The body is not JSON.')
  return error.status < 500
    ? new AppError('not_found', 'There is no such endpoint.')
    : new AppError('internal', 'Something broke on our side.', { cause: error })
}
