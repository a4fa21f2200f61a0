import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { SavedView, SavedViewCreate, SavedViewUpdate } from '../../contract/dashboard.ts'
import type { Viewer } from '../../domain/saved-view.ts'
import { createView, listViews, readView, removeView, updateView } from '../../services/dashboard/views.ts'
import { tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ViewParam = OrgParam.extend({ view: z.string().min(1).max(100) })
const tag = 'Saved views'

/** Views that people keep, and dashboards of their own. */
export function viewRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/views',
    tag,
    summary: 'My saved views and dashboards, and the shared ones, newest first; a key of one project sees none',
    permission: 'telemetry.read',
    params: OrgParam,
    answer: Page(SavedView),
    handle: async ({ who, deps }) => ({
      data: await listViews(deps.views, tenantOf(who), viewerOf(who)),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/views/{view}',
    tag,
    summary: 'One saved view or dashboard',
    permission: 'telemetry.read',
    params: ViewParam,
    answer: SavedView,
    handle: ({ who, deps, params }) => readView(deps.views, tenantOf(who), viewerOf(who), params.view),
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/views',
    tag,
    summary: 'Save a view, or make a dashboard',
    permission: 'view.write',
    action: 'view.create',
    params: OrgParam,
    body: SavedViewCreate,
    status: 201,
    answer: SavedView,
    async handle({ who, deps, body, changed }) {
      const made = await createView(deps.views, tenantOf(who), viewerOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/views/{view}',
    tag,
    summary: 'Change a saved view or a dashboard',
    permission: 'view.write',
    action: 'view.update',
    params: ViewParam,
    body: SavedViewUpdate,
    answer: SavedView,
    async handle({ who, deps, params, body, changed }) {
      const after = await updateView(deps.views, tenantOf(who), viewerOf(who), { id: params.view, change: body })
      changed({ target: targetOf(after), after: { ...factsOf(after), changed: fieldsOf(body) } })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/views/{view}',
    tag,
    summary: 'Delete a saved view or a dashboard',
    permission: 'view.write',
    action: 'view.delete',
    params: ViewParam,
    answer: SavedView,
    async handle({ who, deps, params, changed }) {
      const removed = await removeView(deps.views, tenantOf(who), viewerOf(who), params.view)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function viewerOf({ actor, role }: Who): Viewer {
  const isOfProject = actor.type === 'key' && actor.record.project_id !== ''
  return { personId: actor.type === 'user' ? actor.id : null, role, isOfProject }
}

const targetOf = ({ id }: SavedView) => ({ type: 'view', id })

/** Its filters and its name may name a user of the agents, and the audit log cannot be changed: neither is told to it. */
function factsOf(view: SavedView) {
  const { kind, shared, version } = view
  return view.kind === 'view'
    ? { kind, shared, version, path: view.content.path }
    : { kind, shared, version, panels: view.content.panels.map(({ id }) => id) }
}

const fieldsOf = ({ version: _, content, ...rest }: SavedViewUpdate) => [
  ...Object.keys(rest),
  ...Object.keys(content ?? {}),
]
