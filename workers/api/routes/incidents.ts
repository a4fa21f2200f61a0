import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Incident, IncidentDetail } from '../../contract/alert.ts'
import { incidentDetail } from '../../services/alert/incident-detail.ts'
import { acknowledgeIncident, findIncident, listIncidents } from '../../services/alert/incidents.ts'
import { tenantOf } from '../context.ts'
import { route, type App } from '../route.ts'
import { askerOf } from './alerts.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const IncidentParam = OrgParam.extend({ incident: z.string().min(1).max(100) })
const IncidentsQuery = z.object({
  state: z.enum(['firing', 'resolved']).optional(),
  rule_id: z.string().min(1).max(100).optional(),
  cursor: z.string().max(2000).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
})
const tag = 'Alerts'

/** What rules have found, and what became of it. */
export function incidentRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/incidents',
    tag,
    summary: 'Incidents, newest first',
    permission: 'alert.read',
    params: OrgParam,
    query: IncidentsQuery,
    answer: Page(Incident),
    handle: ({ who, deps, query: { state = null, rule_id = null, cursor = null, limit } }) =>
      listIncidents(deps.alerts, tenantOf(who), askerOf(who), { state, rule_id, cursor, limit }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/incidents/{incident}',
    tag,
    summary: 'One incident: what failed, where, since when, what it cost, and what changed before',
    permission: 'alert.read',
    params: IncidentParam,
    answer: IncidentDetail,
    async handle({ who, deps, params }) {
      const tenant = tenantOf(who)
      const found = await findIncident(deps.alerts, tenant, askerOf(who), params.incident)
      const projects = who.projects.map(({ id, workspaceId }) => ({
        ...{ org_id: tenant.org_id, cell: tenant.cell, shard: tenant.shard },
        ...{ workspace_id: workspaceId, project_id: id },
      }))
      return incidentDetail(
        { source: deps.alerts.source, traces: deps.traces, now: () => deps.now() },
        tenant,
        projects,
        found,
      )
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/incidents/{incident}/acknowledge',
    tag,
    summary: 'Say that somebody has seen it: it is not escalated any more',
    permission: 'incident.ack',
    action: 'incident.acknowledge',
    params: IncidentParam,
    answer: Incident,
    async handle({ who, deps, params, changed }) {
      const incident = await acknowledgeIncident(deps.alerts, tenantOf(who), askerOf(who), params.incident)
      changed({
        target: { type: 'incident', id: incident.id, label: incident.rule_name },
        after: { rule_id: incident.rule_id, acknowledged_at: incident.acknowledged_at },
      })
      return incident
    },
  })
}
