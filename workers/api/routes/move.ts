import { z } from '@hono/zod-openapi'
import { Move, MoveAnswer, MoveCreate } from '../../contract/move.ts'
import { cancelMove, readMove, startMove } from '../../services/move/start.ts'
import { orgOf } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })

/** Moving an organization to another region. */
export function moveRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/move',
    tag: 'Organizations',
    summary: 'Move the organization, with all its data, to another region',
    permission: 'org.own',
    action: 'org.move_start',
    params: OrgParam,
    body: MoveCreate,
    status: 201,
    answer: Move,
    async handle({ who, deps, body, changed }) {
      const org = orgOf(who)
      const move = await startMove(deps.moving, org, body.region)
      changed({
        target: { type: 'org', id: org.id, label: org.name },
        before: { region: org.cell },
        after: { asked_for: body.region, move_id: move.id },
      })
      return move
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/move',
    tag: 'Organizations',
    summary: 'The newest move: how far it is, what was copied, verified and deleted',
    permission: 'org.read',
    params: OrgParam,
    answer: MoveAnswer,
    handle: async ({ who, deps }) => ({ move: await readMove(deps.moving, orgOf(who)) }),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/move/cancel',
    tag: 'Organizations',
    summary: 'Cancel a move before the organization was switched',
    permission: 'org.own',
    action: 'org.move_cancel',
    params: OrgParam,
    answer: Move,
    async handle({ who, deps, changed }) {
      const org = orgOf(who)
      const move = await cancelMove(deps.moving, org)
      changed({ target: { type: 'org', id: org.id, label: org.name }, after: { move_id: move.id } })
      return move
    },
  })
}
