import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { BreakerView, Control, ControlCreate, ControlUpdate } from '../../contract/control.ts'
import { AppError } from '../../domain/errors.ts'
import {
  createControl,
  readControl,
  removeControl,
  resetBreaker,
  updateControl,
} from '../../services/control/controls.ts'
import { tenantOf, type Who } from '../context.ts'
import type { Deps } from '../deps.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ControlParam = OrgParam.extend({ control: z.string().min(1).max(100) })
const all = <T>(data: T[]) => ({ data, next_cursor: null })
const tag = 'Run-time controls'

/** Run-time controls of an organization, and their circuit breakers. */
export function controlRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
  breakerRoutes(app)
}

/** Who sees only some projects sees, and changes, only their controls. */
function isSeen(who: Who): (control: Pick<Control, 'scope'>) => boolean {
  const { actor, restricted, projects } = who
  const isPartial = restricted || (actor.type === 'key' && actor.record.project_id !== '')
  return ({ scope }) => !isPartial || (scope.type === 'project' && projects.some(({ id }) => id === scope.id))
}

/** @throws AppError not_found for a control that there is not, or that they do not see. */
async function seenControl(deps: Deps, who: Who, id: string): Promise<Control> {
  const control = await readControl(deps.controls, tenantOf(who), id)
  if (!isSeen(who)(control)) throw new AppError('not_found', 'There is no such control.')
  return control
}

async function seenBreakers(deps: Deps, who: Who): Promise<BreakerView[]> {
  const rpc = deps.controls.of(tenantOf(who))
  const seen = new Set((await rpc.controls()).filter(isSeen(who)).map(({ id }) => id))
  return (await rpc.breakers()).filter(({ control_id }) => seen.has(control_id))
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/controls',
    tag,
    summary: 'Run-time controls: retries, tools, context, loops, circuit breakers',
    permission: 'control.read',
    params: OrgParam,
    answer: Page(Control),
    handle: async ({ who, deps }) => all((await deps.controls.of(tenantOf(who)).controls()).filter(isSeen(who))),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/controls/{control}',
    tag,
    summary: 'One run-time control',
    permission: 'control.read',
    params: ControlParam,
    answer: Control,
    handle: ({ who, deps, params }) => seenControl(deps, who, params.control),
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/controls',
    tag,
    summary: 'Make a run-time control; of all that apply, the strictest holds',
    permission: 'control.write',
    action: 'control.create',
    params: OrgParam,
    body: ControlCreate,
    status: 201,
    answer: Control,
    async handle({ who, deps, body, changed }) {
      const scope = { type: body.scope.type, id: body.scope.id ?? null }
      if (!isSeen(who)({ scope })) throw new AppError('forbidden', 'You may control only the projects that you see.')
      const made = await createControl(deps.controls, tenantOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/controls/{control}',
    tag,
    summary: 'Change a run-time control: what is left out stays, null takes a setting away',
    permission: 'control.write',
    action: 'control.update',
    params: ControlParam,
    body: ControlUpdate,
    answer: Control,
    async handle({ who, deps, params, body, changed }) {
      await seenControl(deps, who, params.control)
      const { before, after } = await updateControl(deps.controls, tenantOf(who), params.control, body)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/controls/{control}',
    tag,
    summary: 'Remove a run-time control, and its circuit breakers with it',
    permission: 'control.write',
    action: 'control.remove',
    params: ControlParam,
    answer: Control,
    async handle({ who, deps, params, changed }) {
      await seenControl(deps, who, params.control)
      const removed = await removeControl(deps.controls, tenantOf(who), params.control)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function breakerRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/breakers',
    tag,
    summary: 'Circuit breakers by control, provider and model, with what opened them',
    permission: 'control.read',
    params: OrgParam,
    answer: Page(BreakerView),
    async handle({ who, deps }) {
      return all(await seenBreakers(deps, who))
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/breakers/{breaker}/reset',
    tag,
    summary: 'Close a circuit breaker by hand; it begins to count anew',
    permission: 'control.write',
    action: 'breaker.reset',
    params: OrgParam.extend({ breaker: z.string().min(1).max(100) }),
    answer: BreakerView,
    async handle({ who, deps, params, changed }) {
      if (!(await seenBreakers(deps, who)).some(({ id }) => id === params.breaker))
        throw new AppError('not_found', 'There is no such circuit breaker.')
      const { before, after } = await resetBreaker(deps.controls, tenantOf(who), params.breaker)
      changed({
        target: { type: 'breaker', id: after.id },
        before: { state: before.state, opened_by_error_rate: before.opened_by_error_rate },
        after: { state: after.state },
      })
      return after
    },
  })
}

const targetOf = ({ id, name }: Control) => ({ type: 'control', id, label: name })

function factsOf({ id: _, created_at: __, ...facts }: Control) {
  return facts
}
