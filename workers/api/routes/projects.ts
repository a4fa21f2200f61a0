import { z } from '@hono/zod-openapi'
import { Project, ProjectUpdate } from '../../contract/api.ts'
import { roleMay } from '../../contract/permissions.ts'
import { AppError } from '../../domain/errors.ts'
import { projectView } from '../../services/tenant/org.ts'
import { updateProject } from '../../services/tenant/project.ts'
import { placeOf } from '../context.ts'
import { route, type App } from '../route.ts'

const ProjectParam = z.object({ project: z.string().min(1).max(100) })

/** Projects. */
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
    action: 'project.update',
    params: ProjectParam,
    body: ProjectUpdate,
    answer: Project,
    async handle({ who, deps, body, changed }) {
      const { org, project } = placeOf(who)
      if (body.keep_content !== undefined && (who.role === null || !roleMay(who.role, 'content.write')))
        throw new AppError('forbidden', 'Only owners and admins decide whether prompts and answers are kept.')
      const next = await updateProject(deps.tenants, org, project, body)
      changed({
        target: { type: 'project', id: project.id, label: project.name },
        before: { name: project.name, keep_content: project.keepContent },
        after: { name: next.name, keep_content: next.keepContent },
      })
      return projectView(next, org)
    },
  })
}
