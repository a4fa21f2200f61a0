import { z } from '@hono/zod-openapi'
import { deleteCookie, getCookie } from 'hono/cookie'
import {
  AccountDelete,
  Me,
  Org,
  OrgCreate,
  OrgCreated,
  OrgUpdate,
  Page,
  Project,
  ProjectCreate,
  Workspace,
  WorkspaceCreate,
} from '../../contract/api.ts'
import { PERMISSIONS } from '../../contract/permissions.ts'
import {
  createOrg,
  createProject,
  createWorkspace,
  orgView,
  projectView,
  updateOrg,
  workspaceView,
} from '../../services/tenant/org.ts'
import { removeAccount } from '../../services/account/remove.ts'
import { ME, orgOf, personOf, tenantOf } from '../context.ts'
import { originOf } from '../origin.ts'
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
    path: ME,
    tag: 'Identity',
    summary: 'Who I am and my organizations',
    permission: 'self',
    answer: Me,
    async handle({ who, deps }) {
      const person = personOf(who)
      const all = await deps.tenants.control.orgsOf(person.id)
      const orgs = person.within === null ? all : all.filter(({ id }) => id === person.within)
      return {
        user: {
          id: person.id,
          name: person.name,
          email: person.email,
          email_verified: person.emailVerified,
          two_factor_enabled: person.twoFactorEnabled,
        },
        orgs: orgs.map((org) => ({ ...orgView(org), role: org.role })),
      }
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/me',
    tag: 'Identity',
    summary: 'Delete my account; the audit logs forget who it was',
    permission: 'self',
    // Told by itself, since after it nothing may name the account.
    action: null,
    body: AccountDelete,
    answer: z.object({ deleted: z.literal(true) }),
    async handle({ who, deps, body, c }) {
      await removeAccount(deps.accounts, personOf(who), body.confirm, {
        origin: originOf(c.req.raw.headers),
        request_id: c.get('requestId').slice(0, 200),
      })
      for (const [name] of Object.entries(getCookie(c)))
        if (/agentops\.session_/.test(name)) deleteCookie(c, name, { path: '/', secure: name.startsWith('__Secure-') })
      return { deleted: true as const }
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
    summary: 'Make an organization in a region; its owner can move it to another later',
    permission: 'self',
    action: 'org.create',
    body: OrgCreate,
    status: 201,
    answer: OrgCreated,
    async handle({ who, deps, body, changed }) {
      const person = personOf(who)
      const org = await createOrg(deps.tenants, person.id, body)
      const access = await deps.tenants.control.access(person.id, { org: org.id })
      if (access !== null)
        changed(
          {
            target: { type: 'org', id: org.id, label: org.name },
            after: { name: org.name, slug: org.slug, region: org.region },
          },
          tenantOf({ actor: person, ...access }),
        )
      return org
    },
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
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}',
    tag: 'Organizations',
    summary: 'Rename an organization, or set its time zone',
    permission: 'org.write',
    action: 'org.rename',
    params: OrgParam,
    body: OrgUpdate,
    answer: Org,
    async handle({ who, deps, body, changed }) {
      const org = orgOf(who)
      const next = await updateOrg(deps.tenants, org, body)
      if (next.timeZone !== org.timeZone) await deps.budgets.of(tenantOf(who)).setZone(next.timeZone)
      changed({
        target: { type: 'org', id: org.id, label: org.name },
        before: { name: org.name, time_zone: org.timeZone },
        after: { name: next.name, time_zone: next.timeZone },
      })
      return orgView(next)
    },
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
    action: 'workspace.create',
    params: OrgParam,
    body: WorkspaceCreate,
    status: 201,
    answer: Workspace,
    async handle({ who, deps, body, changed }) {
      const made = await createWorkspace(deps.tenants, orgOf(who), body)
      changed({
        target: { type: 'workspace', id: made.id, label: made.name },
        after: { name: made.name, slug: made.slug },
      })
      return made
    },
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
    action: 'project.create',
    params: OrgParam,
    body: ProjectCreate,
    status: 201,
    answer: Project,
    async handle({ who, deps, body, changed }) {
      const made = await createProject(deps.tenants, orgOf(who), body)
      const { name, slug, workspace_id } = made
      changed({ target: { type: 'project', id: made.id, label: name }, after: { name, slug, workspace_id } })
      return made
    },
  })
}
