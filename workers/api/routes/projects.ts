import { z } from '@hono/zod-openapi'
import { Key, KeyCreate, KeyCreated, Page, Project, ProjectUpdate } from '../../contract/api.ts'
import { createKey, keyView, revokeKey, updateProject } from '../../services/key/manage.ts'
import { projectView } from '../../services/tenant/org.ts'
import type { OrgRow, ProjectRow } from '../../services/tenant/store.ts'
import type { Who } from '../context.ts'
import { route, type App } from '../route.ts'

const ProjectParam = z.object({ project: z.string().min(1).max(100) })
const KeyParam = ProjectParam.extend({ key: z.string().min(1).max(100) })

/** Projects and their API keys. */
export function projectRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}',
    tag: 'Projects',
    summary: 'One project',
    permission: 'org.read',
    params: ProjectParam,
    answer: Project,
    async handle({ who }) {
      const { org, project } = placeOf(who)
      return projectView(project, org)
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/projects/{project}',
    tag: 'Projects',
    summary: 'Change a project',
    permission: 'project.write',
    params: ProjectParam,
    body: ProjectUpdate,
    answer: Project,
    async handle({ who, deps, body }) {
      const { org, project } = placeOf(who)
      return projectView(await updateProject(deps.tenants, org, project, body), org)
    },
  })
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/keys',
    tag: 'Keys',
    summary: 'API keys, without their secrets',
    permission: 'key.read',
    params: ProjectParam,
    answer: Page(Key),
    async handle({ who, deps }) {
      const { org, project } = placeOf(who)
      return { data: (await deps.tenants.control.keys(org.id, project.id)).map(keyView), next_cursor: null }
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/projects/{project}/keys',
    tag: 'Keys',
    summary: 'Make an API key; it is shown in this answer only',
    permission: 'key.write',
    params: ProjectParam,
    body: KeyCreate,
    status: 201,
    answer: KeyCreated,
    async handle({ who, deps, body }) {
      const { org, project } = placeOf(who)
      return createKey(deps.tenants, org, project, who.actor.id, body)
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/projects/{project}/keys/{key}',
    tag: 'Keys',
    summary: 'Revoke an API key, everywhere within 60 s',
    permission: 'key.write',
    params: KeyParam,
    answer: Key,
    async handle({ who, deps, params }) {
      const { org, project } = placeOf(who)
      return revokeKey(deps.tenants, org, project, params.key)
    },
  })
}

function placeOf(who: Who): { org: OrgRow; project: ProjectRow } {
  if (who.org === null || who.project === null) throw new Error('the path names no project')
  return { org: who.org, project: who.project }
}
