import { z } from '@hono/zod-openapi'
import {
  Me,
  Org,
  OrgCreate,
  OrgCreated,
  Page,
  Project,
  ProjectCreate,
  Workspace,
  WorkspaceCreate,
} from '../../contract/api.ts'
import { PERMISSIONS } from '../../contract/permissions.ts'
import { AppError } from '../../domain/errors.ts'
import {
  createOrg,
  createProject,
  createWorkspace,
  orgView,
  projectView,
  workspaceView,
} from '../../services/tenant/org.ts'
import type { OrgRow } from '../../services/tenant/store.ts'
import type { Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100).meta({ description: 'Organization id or slug' }) })
const all = <T>(data: T[]) => ({ data, next_cursor: null })

/** Organizations, workspaces and projects, and who is asking. */
export function orgRoutes(app: App): void {
  identityRoutes(app)
  organizationRoutes(app)
  placeRoutes(app)
}

function identityRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/me',
    tag: 'Identity',
    summary: 'Who I am and my organizations',
    permission: 'self',
    answer: Me,
    async handle({ who, deps }) {
      const person = personOf(who)
      const orgs = await deps.tenants.control.orgsOf(person.id)
      return {
        user: { id: person.id, name: person.name, email: person.email },
        orgs: orgs.map((org) => ({ ...orgView(org), role: org.role })),
      }
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/permissions',
    tag: 'Identity',
    summary: 'The table of permissions',
    permission: 'self',
    answer: Page(
      z.object({ permission: z.string(), roles: z.array(z.string()), scopes: z.array(z.string()), about: z.string() }),
    ),
    handle: async () =>
      all(
        Object.entries(PERMISSIONS).map(([permission, p]) => ({
          permission,
          roles: [...p.roles],
          scopes: [...p.scopes],
          about: p.about,
        })),
      ),
  })
}

function organizationRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs',
    tag: 'Organizations',
    summary: 'My organizations',
    permission: 'self',
    answer: Page(Org),
    handle: async ({ who, deps }) => all((await deps.tenants.control.orgsOf(personOf(who).id)).map(orgView)),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs',
    tag: 'Organizations',
    summary: 'Make an organization; its region never changes',
    permission: 'self',
    body: OrgCreate,
    status: 201,
    answer: OrgCreated,
    handle: ({ who, deps, body }) => createOrg(deps.tenants, personOf(who).id, body),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}',
    tag: 'Organizations',
    summary: 'One organization',
    permission: 'org.read',
    params: OrgParam,
    answer: Org,
    handle: async ({ who }) => orgView(orgOf(who)),
  })
}

function placeRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/workspaces',
    tag: 'Organizations',
    summary: 'Workspaces',
    permission: 'org.read',
    params: OrgParam,
    answer: Page(Workspace),
    handle: async ({ who, deps }) => all((await deps.tenants.control.workspaces(orgOf(who).id)).map(workspaceView)),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/workspaces',
    tag: 'Organizations',
    summary: 'Make a workspace',
    permission: 'org.write',
    params: OrgParam,
    body: WorkspaceCreate,
    status: 201,
    answer: Workspace,
    handle: ({ who, deps, body }) => createWorkspace(deps.tenants, orgOf(who), body),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/projects',
    tag: 'Organizations',
    summary: 'Projects that I may see',
    permission: 'org.read',
    params: OrgParam,
    answer: Page(Project),
    handle: async ({ who }) => all(who.projects.map((row) => projectView(row, orgOf(who)))),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/projects',
    tag: 'Organizations',
    summary: 'Make a project',
    permission: 'org.write',
    params: OrgParam,
    body: ProjectCreate,
    status: 201,
    answer: Project,
    handle: ({ who, deps, body }) => createProject(deps.tenants, orgOf(who), body),
  })
}

function personOf(who: Who) {
  if (who.actor.type !== 'user')
    throw new AppError('forbidden', 'This is for signed-in people; an API key has no account.')
  return who.actor
}

function orgOf(who: Who): OrgRow {
  if (who.org === null) throw new Error('the path names no organization')
  return who.org
}
