import { z } from '@hono/zod-openapi'
import { EventInput, EventsBody } from '../../contract/event.ts'
import { IngestAnswer } from '../../contract/batch.ts'
import { OutcomeInput, OutcomesBody } from '../../contract/outcome.ts'
import {
  ReserveAnswer,
  ReserveBatch,
  ReserveBatchAnswer,
  SettleAnswer,
  SettleRequest,
  Work,
} from '../../contract/guard.ts'
import { Problem } from '../../contract/problem.ts'
import type { App } from '../route.ts'

type Registry = App['openAPIRegistry']

const SCHEMA_PATH = '/api/v1/schemas/event.json'

const problem = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: Problem } },
})
const refusals = {
  400: problem('The body cannot be read'),
  401: problem('The key is missing or not valid'),
  403: problem('The key lacks scope "ingest"'),
  413: problem('Over 5 MB'),
  415: problem('Media type or encoding not supported'),
  429: problem('Too many requests; see Retry-After'),
}

/** The published schema of events, and the document of what the edge serves. */
export function schemaRoutes(app: App): void {
  app.get(SCHEMA_PATH, (c) =>
    c.json(
      {
        $id: new URL(SCHEMA_PATH, c.req.url).href,
        title: 'AgentOps event',
        ...z.toJSONSchema(EventInput, { io: 'input', unrepresentable: 'any' }),
      },
      200,
      { 'cache-control': 'public, max-age=300' },
    ),
  )
  documentSchema(app.openAPIRegistry)
  documentIngest(app.openAPIRegistry)
  documentGuard(app.openAPIRegistry)
  documentHealth(app.openAPIRegistry)
}

function documentSchema(registry: Registry): void {
  registry.registerPath({
    method: 'get',
    path: SCHEMA_PATH,
    tags: ['Ingest'],
    summary: 'JSON Schema of an event',
    'x-public': true,
    responses: {
      200: { description: 'JSON Schema 2020-12', content: { 'application/schema+json': { schema: z.any() } } },
    },
  })
}

function documentIngest(registry: Registry): void {
  const batches = [
    ['/v1/events', 'Send events (JSON or NDJSON, gzip)', EventsBody, EventInput],
    ['/v1/outcomes', 'Say later how runs really ended (JSON or NDJSON, gzip)', OutcomesBody, OutcomeInput],
  ] as const
  for (const [path, summary, body, line] of batches)
    registry.registerPath({
      method: 'post',
      path,
      tags: ['Ingest'],
      summary,
      security: [{ key: [] }],
      'x-scope': 'ingest',
      request: {
        body: {
          required: true,
          content: { 'application/json': { schema: body }, 'application/x-ndjson': { schema: line } },
        },
      },
      responses: {
        202: { description: 'The good ones are durable', content: { 'application/json': { schema: IngestAnswer } } },
        ...refusals,
      },
    })
  for (const [signal, name] of [
    ['traces', 'Trace'],
    ['logs', 'Logs'],
    ['metrics', 'Metrics'],
  ])
    registry.registerPath({
      method: 'post',
      path: `/v1/${signal}`,
      tags: ['Ingest'],
      summary: `Send OpenTelemetry ${signal} (OTLP/HTTP, protobuf or JSON, gzip)`,
      security: [{ key: [] }],
      'x-scope': 'ingest',
      request: {
        body: {
          required: true,
          content: { 'application/x-protobuf': { schema: z.any() }, 'application/json': { schema: z.any() } },
        },
      },
      responses: {
        200: {
          description: `Export${name}ServiceResponse in the request encoding`,
          content: { 'application/json': { schema: z.any() } },
        },
        ...refusals,
      },
    })
}

function documentGuard(registry: Registry): void {
  const json = (schema: z.ZodType) => ({ content: { 'application/json': { schema } } })
  const refused = { ...refusals, 403: problem('The key lacks scope "guard"'), 422: problem('The body is not valid') }
  registry.registerPath({
    method: 'post',
    path: '/v1/guard/reserve',
    tags: ['Guard'],
    summary: 'May this work go on, and hold what it may cost; several pieces of work all or none',
    'x-scope': 'guard',
    security: [{ key: [] }],
    request: { body: json(z.union([Work, ReserveBatch])) },
    responses: {
      200: { description: 'The decision', ...json(z.union([ReserveAnswer, ReserveBatchAnswer])) },
      ...refused,
    },
  })
  registry.registerPath({
    method: 'post',
    path: '/v1/guard/settle',
    tags: ['Guard'],
    summary: 'What a reservation has cost; an event with its reservation_id settles it too, and both are once',
    'x-scope': 'guard',
    security: [{ key: [] }],
    request: { body: json(SettleRequest) },
    responses: {
      200: { description: 'What is known of it now', ...json(SettleAnswer) },
      ...refused,
      404: problem('No such reservation in this project'),
    },
  })
}

function documentHealth(registry: Registry): void {
  for (const [path, summary] of [
    ['/healthz', 'Alive'],
    ['/readyz', 'Every store and Worker answers'],
  ] as const) {
    registry.registerPath({
      method: 'get',
      path,
      tags: ['Operations'],
      summary,
      'x-public': true,
      responses: { 200: { description: 'Yes' }, 503: { description: 'No; the body names what failed' } },
    })
  }
}
