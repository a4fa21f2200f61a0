import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Repricing, RepricingCreate } from '../../contract/repricing.ts'
import { cancelRepricing, listRepricings, readRepricing, startRepricing } from '../../services/repricing/start.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'
import { projectIds } from './metrics.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const RepricingParam = OrgParam.extend({ repricing: z.string().min(1).max(100) })
const tag = 'Prices'

/** Pricing what was spent anew, as adjustments in the ledger. */
export function repricingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/repricings',
    tag,
    summary: 'Price a stretch of time anew, or say what that would change (`dry_run`)',
    permission: 'repricing.write',
    action: 'repricing.start',
    params: OrgParam,
    body: RepricingCreate,
    status: 201,
    answer: Repricing,
    async handle({ who, deps, body, changed }) {
      const projects = projectIds(who, body.project_id === undefined ? undefined : [body.project_id])
      const made = await startRepricing(deps.jobs, tenantOf(who), projects, body)
      const { from, to, project_id, provider, model, sources, dry_run } = made
      changed({
        target: { type: 'repricing', id: made.id },
        after: { from, to, project_id, provider, model, sources, dry_run },
      })
      return made
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/repricings',
    tag,
    summary: 'Repricings, newest first, and what each came to',
    permission: 'repricing.read',
    params: OrgParam,
    answer: Page(Repricing),
    handle: async ({ who, deps }) => ({ data: await listRepricings(deps.jobs, tenantOf(who)), next_cursor: null }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/repricings/{repricing}',
    tag,
    summary: 'One repricing, how far it is and the difference by model',
    permission: 'repricing.read',
    params: RepricingParam,
    answer: Repricing,
    handle: ({ who, deps, params }) => readRepricing(deps.jobs, tenantOf(who), params.repricing),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/repricings/{repricing}/cancel',
    tag,
    summary: 'End a repricing where it is; what was booked stays',
    permission: 'repricing.write',
    action: 'repricing.cancel',
    params: RepricingParam,
    answer: Repricing,
    async handle({ who, deps, params, changed }) {
      const cancelled = await cancelRepricing(deps.jobs, tenantOf(who), params.repricing)
      const { entries, difference_usd } = cancelled
      changed({ target: { type: 'repricing', id: cancelled.id }, after: { entries, difference_usd } })
      return cancelled
    },
  })
}
