import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { Report, ReportCreate, ReportUpdate } from '../../contract/report.ts'
import type { ReportViewer } from '../../domain/report/report.ts'
import {
  createReport,
  listReports,
  readReport,
  removeReport,
  sendNow,
  unsubscribe,
  updateReport,
} from '../../services/report/reports.ts'
import { personOf, tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const ReportParam = OrgParam.extend({ report: z.string().min(1).max(100) })
const tag = 'Scheduled reports'

/** Views that are sent by mail at set times. */
export function reportRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
  sendingRoutes(app)
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/reports',
    tag,
    summary: 'My scheduled reports and those that I get, newest first; all of them for owners and admins',
    permission: 'report.read',
    params: OrgParam,
    answer: Page(Report),
    handle: async ({ who, deps }) => ({
      data: await listReports(deps.reports, tenantOf(who), viewerOf(who)),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/reports/{report}',
    tag,
    summary: 'One scheduled report, with the result of the last',
    permission: 'report.read',
    params: ReportParam,
    answer: Report,
    handle: ({ who, deps, params }) => readReport(deps.reports, tenantOf(who), viewerOf(who), params.report),
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/reports',
    tag,
    summary: 'Have a view or a dashboard sent by mail, as PDF or PNG, to members of the organization',
    permission: 'report.write',
    action: 'report.create',
    params: OrgParam,
    body: ReportCreate,
    status: 201,
    answer: Report,
    async handle({ who, deps, body, changed }) {
      const made = await createReport(deps.reports, tenantOf(who), viewerOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/reports/{report}',
    tag,
    summary: 'Change, pause or resume a scheduled report',
    permission: 'report.write',
    action: 'report.update',
    params: ReportParam,
    body: ReportUpdate,
    answer: Report,
    async handle({ who, deps, params, body, changed }) {
      const { version: _, ...change } = body
      const after = await updateReport(deps.reports, tenantOf(who), viewerOf(who), { id: params.report, change: body })
      changed({ target: targetOf(after), after: { ...factsOf(after), changed: Object.keys(change) } })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/reports/{report}',
    tag,
    summary: 'Delete a scheduled report',
    permission: 'report.write',
    action: 'report.delete',
    params: ReportParam,
    answer: Report,
    async handle({ who, deps, params, changed }) {
      const removed = await removeReport(deps.reports, tenantOf(who), viewerOf(who), params.report)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function sendingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/reports/{report}/send',
    tag,
    summary: 'Make and send one now; its result is told by the report',
    permission: 'report.write',
    action: 'report.send',
    params: ReportParam,
    answer: Report,
    async handle({ who, deps, params, changed }) {
      const asked = await sendNow(deps.reports, tenantOf(who), viewerOf(who), params.report)
      changed({ target: targetOf(asked), after: factsOf(asked) })
      return asked
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/reports/{report}/unsubscribe',
    tag,
    summary: 'Get it no more',
    permission: 'report.read',
    action: 'report.unsubscribe',
    params: ReportParam,
    answer: Report,
    async handle({ who, deps, params, changed }) {
      const left = await unsubscribe(deps.reports, tenantOf(who), viewerOf(who), params.report)
      changed({ target: targetOf(left), after: { recipients: left.recipients.length } })
      return left
    },
  })
}

const viewerOf = (who: Who): ReportViewer => ({ personId: personOf(who).id, role: who.role })

const targetOf = ({ id }: Report) => ({ type: 'report', id })

/**
 * Its filters and its name may name a user of the agents, and the audit log cannot be changed: neither is told to it.
 * Recipients are people, who must be able to be forgotten: it is told how many.
 */
function factsOf({ target, timing, zone, format, recipients, paused }: Report) {
  const shown = target.kind === 'view' ? { path: target.path } : { dashboard: target.dashboard_id }
  return { ...shown, timing, zone, format, recipients: recipients.length, paused }
}
