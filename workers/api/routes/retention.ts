import { z } from '@hono/zod-openapi'
import { Retention, RetentionDays } from '../../contract/retention.ts'
import { daysOf, readRetention, setRetention } from '../../services/retention/settings.ts'
import { placeOf, projectTenantOf } from '../context.ts'
import { route, type App } from '../route.ts'

const ProjectParam = z.object({ project: z.string().min(1).max(100) })

/** How long a project's data are kept. */
export function retentionRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/projects/{project}/retention',
    tag: 'Privacy',
    summary: 'How long data are kept, and what was removed',
    permission: 'org.read',
    params: ProjectParam,
    answer: Retention,
    handle: ({ who, deps }) => readRetention(deps.retention, projectTenantOf(who), daysOf(placeOf(who).project)),
  })
  route(app, {
    method: 'put',
    path: '/api/v1/projects/{project}/retention',
    tag: 'Privacy',
    summary: 'Decide how long data are kept; what is older is removed within a day',
    permission: 'privacy.write',
    action: 'project.retention',
    params: ProjectParam,
    body: RetentionDays,
    answer: Retention,
    async handle({ who, deps, body, changed }) {
      const { project } = placeOf(who)
      const kept = await setRetention(deps.retention, projectTenantOf(who), body)
      changed({
        target: { type: 'project', id: project.id, label: project.name },
        before: daysOf(project),
        after: body,
      })
      return kept
    },
  })
}
