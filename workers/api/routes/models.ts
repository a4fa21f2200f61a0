import { z } from '@hono/zod-openapi'
import { ModelUses } from '../../contract/model-uses.ts'
import { modelUses } from '../../services/spend/models.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'
import { FilterValues, projectIds, rangeOf } from './metrics.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const Range = z.object({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  project: FilterValues,
})

/** What agents use, and what it costs. */
export function modelRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/models',
    tag: 'Prices',
    summary: 'Models and tools that were used, exact, with their prices and calls without one',
    permission: 'telemetry.read',
    params: OrgParam,
    query: Range,
    answer: ModelUses,
    handle: ({ who, deps, query }) =>
      modelUses(
        { store: deps.modelUses, openPrices: deps.prices.openPrices, now: () => deps.now() },
        tenantOf(who),
        projectIds(who, query.project),
        rangeOf(query, deps.now()),
      ),
  })
}
