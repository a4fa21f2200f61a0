import { z } from '@hono/zod-openapi'
import { Org, Page, Project } from '../../contract/api.ts'
import {
  DeletedOrg,
  DeletedProject,
  Deletion,
  DeletionCertificate,
  GoneOrg,
  OrgDelete,
} from '../../contract/deletion.ts'
import { AppError } from '../../domain/errors.ts'
import {
  deletedOrgView,
  deletedProjectView,
  deleteOrg,
  deleteProject,
  restoreOrg,
  restoreProject,
} from '../../services/deletion/request.ts'
import { orgView, projectView } from '../../services/tenant/org.ts'
import { orgOf, personOf, placeOf, tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const id = z.string().min(1).max(100)
const OrgParam = z.object({ org: id })
const all = <T>(data: T[]) => ({ data, next_cursor: null })
const LISTED_MAX = 200

/** Deleting projects and organizations, and taking that back. */
export function deletionRoutes(app: App): void {
  projectRoutes(app)
  organizationRoutes(app)
  certificateRoutes(app)
}

function projectRoutes(app: App): void {
  route(app, {
    method: 'delete',
    path: '/api/v1/projects/{project}',
    tag: 'Projects',
    summary: 'Delete a project; for seven days it can be taken back',
    permission: 'project.delete',
    action: 'project.delete',
    params: z.object({ project: id }),
    answer: DeletedProject,
    async handle({ who, deps, changed }) {
      const { org, project } = placeOf(who)
      const deleted = await deleteProject(deps.deletion, org, project, await deps.tenants.control.projects(org.id))
      changed({
        target: { type: 'project', id: project.id, label: project.name },
        after: { deleted: true, purge_at: deleted.purge_at },
      })
      return deleted
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/deleted-projects',
    tag: 'Projects',
    summary: 'Projects that are deleted and can still be taken back',
    permission: 'project.delete',
    params: OrgParam,
    answer: Page(DeletedProject),
    handle: async ({ who, deps }) =>
      all((await deps.deletion.store.deletedProjects(orgOf(who).id)).map(deletedProjectView)),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/deleted-projects/{deleted}/restore',
    tag: 'Projects',
    summary: 'Take the deletion of a project back; its keys work again',
    permission: 'project.delete',
    action: 'project.restore',
    params: OrgParam.extend({ deleted: id }),
    answer: Project,
    async handle({ who, deps, params, changed }) {
      const org = orgOf(who)
      const project = await restoreProject(deps.deletion, org, params.deleted)
      changed({ target: { type: 'project', id: project.id, label: project.name }, after: { deleted: false } })
      return projectView(project, org)
    },
  })
}

function organizationRoutes(app: App): void {
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}',
    tag: 'Organizations',
    summary: 'Delete the organization; for seven days an owner can take it back',
    permission: 'org.own',
    action: 'org.delete',
    params: OrgParam,
    body: OrgDelete,
    answer: DeletedOrg,
    async handle({ who, deps, body, changed }) {
      const org = orgOf(who)
      const deleted = await deleteOrg(deps.deletion, org, body.confirm, personOf(who).name)
      changed({
        target: { type: 'org', id: org.id, label: org.name },
        after: { deleted: true, purge_at: deleted.purge_at },
      })
      return deleted
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/deleted-orgs',
    tag: 'Organizations',
    summary: 'Organizations of mine that are deleted and can still be taken back',
    permission: 'self',
    answer: Page(DeletedOrg),
    handle: async ({ who, deps }) => all((await deps.deletion.store.deletedOrgs(personOf(who).id)).map(deletedOrgView)),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/deleted-orgs/{deleted}/restore',
    tag: 'Organizations',
    summary: 'Take the deletion of an organization back',
    permission: 'self',
    action: 'org.restore',
    params: z.object({ deleted: id }),
    answer: Org,
    async handle({ who, deps, params, changed }) {
      const org = await restoreOrg(deps.deletion, personOf(who).id, params.deleted)
      const tenant = { org_id: org.id, cell: org.cell, shard: org.shard }
      changed({ target: { type: 'org', id: org.id, label: org.name }, after: { deleted: false } }, tenant)
      return orgView(org)
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/gone-orgs',
    tag: 'Organizations',
    summary: 'Organizations that I owned and that are removed, with the certificates',
    permission: 'self',
    answer: Page(GoneOrg),
    handle: async ({ who, deps }) =>
      all(
        (await deps.goneOrgs(personOf(who).id)).map(({ createdMs, ...gone }) => ({
          ...gone,
          at: new Date(createdMs).toISOString(),
        })),
      ),
  })
}

function certificateRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/deletions',
    tag: 'Privacy',
    summary: 'Deletions of projects that were carried out, or are',
    permission: 'erasure.read',
    params: OrgParam,
    answer: Page(Deletion),
    handle: async ({ who, deps }) =>
      all(
        (await deps.jobs.store.list(tenantOf(who), 'deletion', LISTED_MAX)).map((job) => ({
          id: job.id,
          project_id: (job.input?.['project_id'] as string | null | undefined) ?? null,
          state: job.state,
          step: job.step,
          started_at: new Date(job.createdMs).toISOString(),
          ended_at: job.endedMs === null ? null : new Date(job.endedMs).toISOString(),
        })),
      ),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/deletions/{deletion}/certificate',
    tag: 'Privacy',
    summary: 'The signed certificate of what was removed where',
    permission: 'erasure.read',
    params: OrgParam.extend({ deletion: id }),
    answer: DeletionCertificate,
    async handle({ who, deps, params }) {
      const found = await deps.deletionCertificate(tenantOf(who), params.deletion)
      if (found === null) throw new AppError('not_found', 'There is no such certificate.')
      return found
    },
  })
}
