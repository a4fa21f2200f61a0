import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Erasure, ErasureCertificate, ErasureCreate, ErasureCreated } from '../../contract/erasure.ts'
import { listErasures, readCertificate, readErasure, startErasure } from '../../services/erasure/start.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ErasureParam = OrgParam.extend({ erasure: z.string().min(1).max(100) })

/** Erasing a person from what the agents of an organization have reported. */
export function erasureRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/erasures',
    tag: 'Privacy',
    summary: 'Erase a person, by the user id that agents report, from everything that is stored',
    permission: 'erasure.write',
    action: 'erasure.request',
    params: OrgParam,
    body: ErasureCreate,
    status: 201,
    answer: ErasureCreated,
    async handle({ who, deps, body, changed }) {
      const made = await startErasure(deps.erasures, tenantOf(who), body.user_id)
      changed({ target: { type: 'erasure', id: made.id }, after: { subject_digest: made.subject_digest } })
      return made
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/erasures',
    tag: 'Privacy',
    summary: 'Erasures, newest first, and how far each is',
    permission: 'erasure.read',
    params: OrgParam,
    answer: Page(Erasure),
    handle: async ({ who, deps }) => ({ data: await listErasures(deps.erasures, tenantOf(who)), next_cursor: null }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/erasures/{erasure}',
    tag: 'Privacy',
    summary: 'One erasure',
    permission: 'erasure.read',
    params: ErasureParam,
    answer: Erasure,
    handle: ({ who, deps, params }) => readErasure(deps.erasures, tenantOf(who), params.erasure),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/erasures/{erasure}/certificate',
    tag: 'Privacy',
    summary: 'The signed certificate of what was removed where',
    permission: 'erasure.read',
    params: ErasureParam,
    answer: ErasureCertificate,
    handle: ({ who, deps, params }) => readCertificate(deps.erasures, tenantOf(who), params.erasure),
  })
}
