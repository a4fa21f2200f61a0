import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Slo, SloCreate, SloDetail, SloUpdate } from '../../contract/slo.ts'
import { createSlo, listSlos, readSlo, removeSlo, updateSlo } from '../../services/slo/slos.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'
import { askerOf } from './alerts.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const SloParam = OrgParam.extend({ slo: z.string().min(1).max(100) })
const tag = 'Objectives'

/** Service level objectives of an organization. */
export function sloRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/slos',
    tag,
    summary: 'Service level objectives, with what is left of their error budgets',
    permission: 'slo.read',
    params: OrgParam,
    answer: Page(Slo),
    handle: async ({ who, deps }) => ({
      data: await listSlos(deps.slos, tenantOf(who), askerOf(who)),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/slos/{slo}',
    tag,
    summary: 'One objective, with what was left of its error budget day by day',
    permission: 'slo.read',
    params: SloParam,
    answer: SloDetail,
    handle: ({ who, deps, params }) => readSlo(deps.slos, tenantOf(who), askerOf(who), params.slo),
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/slos',
    tag,
    summary: 'Make an objective; with alerts, its alert rule is made too',
    permission: 'slo.write',
    action: 'slo.create',
    params: OrgParam,
    body: SloCreate,
    status: 201,
    answer: Slo,
    async handle({ who, deps, body, changed }) {
      const made = await createSlo(deps.slos, tenantOf(who), askerOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/slos/{slo}',
    tag,
    summary: 'Change an objective; its alert rule follows',
    permission: 'slo.write',
    action: 'slo.update',
    params: SloParam,
    body: SloUpdate,
    answer: Slo,
    async handle({ who, deps, params, body, changed }) {
      const change = { id: params.slo, change: body }
      const { before, after } = await updateSlo(deps.slos, tenantOf(who), askerOf(who), change)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/slos/{slo}',
    tag,
    summary: 'Remove an objective and its alert rule; its incidents stay',
    permission: 'slo.write',
    action: 'slo.remove',
    params: SloParam,
    answer: Slo,
    async handle({ who, deps, params, changed }) {
      const removed = await removeSlo(deps.slos, tenantOf(who), askerOf(who), params.slo)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

const targetOf = ({ id, name }: Slo) => ({ type: 'slo', id, label: name })

/** What of an objective people set. Its operations carry no user, so that its filters name none. */
function factsOf({ name, indicator, objective, window_days, project_id, alerts, channels, rule_id }: Slo) {
  return { name, indicator, objective, window_days, project_id, alerts, channels, rule_id }
}
