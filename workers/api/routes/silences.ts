import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Silence, SilenceCreate } from '../../contract/alert.ts'
import { createSilence, endSilence, listSilences } from '../../services/alert/silences.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'
import { askerOf } from './alerts.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const tag = 'Alerts'

/** What keeps alerts quiet for a while. */
export function silenceRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/silences',
    tag,
    summary: 'Silences and maintenance windows, newest first',
    permission: 'alert.read',
    params: OrgParam,
    answer: Page(Silence),
    handle: async ({ who, deps }) => ({
      data: await listSilences(deps.alerts, tenantOf(who), askerOf(who)),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/silences',
    tag,
    summary: 'Tell nobody of some alerts for a while; incidents are opened all the same',
    permission: 'alert.write',
    action: 'silence.create',
    params: OrgParam,
    body: SilenceCreate,
    status: 201,
    answer: Silence,
    async handle({ who, deps, body, changed }) {
      const made = await createSilence(deps.alerts, tenantOf(who), askerOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/silences/{silence}/end',
    tag,
    summary: 'End a silence now',
    permission: 'alert.write',
    action: 'silence.end',
    params: OrgParam.extend({ silence: z.string().min(1).max(100) }),
    answer: Silence,
    async handle({ who, deps, params, changed }) {
      const ended = await endSilence(deps.alerts, tenantOf(who), askerOf(who), params.silence)
      changed({ target: targetOf(ended), after: factsOf(ended) })
      return ended
    },
  })
}

const targetOf = ({ id }: Silence) => ({ type: 'silence', id })

/** Whom it matches may be a user of the agents: the audit log, which cannot be changed, is told by what only. */
function factsOf({ kind, rule_id, match, starts_at, ends_at, repeat, reason }: Silence) {
  return { kind, rule_id, matches: Object.keys(match), starts_at, ends_at, repeat, reason }
}
