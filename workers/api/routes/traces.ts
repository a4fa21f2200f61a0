import { z } from '@hono/zod-openapi'
import { DeadLetter, Page } from '../../contract/api.ts'
import { FailuresAnswer, FailuresQuery, TraceDetail, TracesAnswer, TracesQuery } from '../../contract/trace.ts'
import { Watermark } from '../../contract/batch.ts'
import { getWatermark } from '../../services/ingest/receipt.ts'
import { listDeadLetters, replayDeadLetter } from '../../services/recovery/replay.ts'
import { getTrace, listFailures, listTraces } from '../../services/trace/read.ts'
import { projectTenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const ProjectParam = z.object({ project: z.string().min(1).max(100) })
const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
})

/** What a project's telemetry says. */
export function traceRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/traces',
    tag: 'Telemetry',
    summary: 'Traces, newest first unless they are sorted',
    permission: 'telemetry.read',
    params: ProjectParam,
    query: TracesQuery,
    answer: TracesAnswer,
    handle: ({ who, deps, query }) => listTraces(deps.traces, projectTenantOf(who), query, deps.now()),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/failures',
    tag: 'Telemetry',
    summary: 'What failed in traces: by type, message, step, tool and model',
    permission: 'telemetry.read',
    params: ProjectParam,
    query: FailuresQuery,
    answer: FailuresAnswer,
    handle: ({ who, deps, query }) => listFailures(deps.traces, projectTenantOf(who), query, deps.now()),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/traces/{trace_id}',
    tag: 'Telemetry',
    summary: 'One trace with its events',
    permission: 'telemetry.read',
    params: ProjectParam.extend({ trace_id: z.string().min(1).max(128) }),
    answer: TraceDetail,
    handle: ({ who, deps, params }) => getTrace(deps.traces, projectTenantOf(who), params.trace_id),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/watermark',
    tag: 'Telemetry',
    summary: 'Up to when the data are complete',
    permission: 'telemetry.read',
    params: ProjectParam,
    answer: Watermark,
    handle: ({ who, deps }) => getWatermark(deps.watermarks, projectTenantOf(who)),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/live',
    tag: 'Telemetry',
    summary: 'Live events (WebSocket; `?cursor=` resumes)',
    permission: 'telemetry.read',
    params: ProjectParam,
    query: z.object({ cursor: z.coerce.number().int().min(0).optional() }),
    answer: z.any(),
    handle: ({ who, deps, c }) => deps.live(projectTenantOf(who), c.req.raw),
  })
  recoveryRoutes(app)
}

function recoveryRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/dead-letters',
    tag: 'Recovery',
    summary: 'Batches that could not be applied',
    permission: 'telemetry.read',
    params: ProjectParam,
    query: PageQuery,
    answer: Page(DeadLetter),
    handle: ({ who, deps, query }) => listDeadLetters(deps.replay, projectTenantOf(who), query.cursor, query.limit),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/projects/{project}/dead-letters/{batch_id}/replay',
    tag: 'Recovery',
    summary: 'Apply a dead batch again',
    permission: 'telemetry.replay',
    action: 'telemetry.replay',
    params: ProjectParam.extend({ batch_id: z.string().regex(/^[0-9a-f]{32}(\.\d+)?$/) }),
    answer: DeadLetter,
    async handle({ who, deps, params, changed }) {
      const letter = await replayDeadLetter(deps.replay, projectTenantOf(who), params.batch_id)
      changed({ target: { type: 'batch', id: params.batch_id }, after: { replayed: true } })
      return letter
    },
  })
}
