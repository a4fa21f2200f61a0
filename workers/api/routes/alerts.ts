import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import { AlertSummary, Instance, Rule, RuleCreate, RuleUpdate } from '../../contract/alert.ts'
import { previewRule } from '../../services/alert/preview.ts'
import { checkTargets, createRule, listRules, readRule, removeRule, updateRule } from '../../services/alert/rules.ts'
import type { Asker } from '../../services/alert/port.ts'
import { orgOf, tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const RuleParam = OrgParam.extend({ rule: z.string().min(1).max(100) })
const tag = 'Alerts'

/** Who asks about alerts, and which projects they see. */
export function askerOf(who: Who): Asker {
  const { actor, restricted, projects } = who
  return {
    id: actor.id,
    zone: orgOf(who).timeZone,
    projects: projects.map(({ id }) => id),
    isPartial: restricted || (actor.type === 'key' && actor.record.project_id !== ''),
  }
}

/** Alert rules of an organization, and what they find. */
export function alertRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/alerts/rules',
    tag,
    summary: 'Alert rules, with what they find now',
    permission: 'alert.read',
    params: OrgParam,
    answer: Page(Rule),
    handle: async ({ who, deps }) => ({
      data: await listRules(deps.alerts, tenantOf(who), askerOf(who)),
      next_cursor: null,
    }),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/alerts/rules/{rule}',
    tag,
    summary: 'One alert rule',
    permission: 'alert.read',
    params: RuleParam,
    answer: Rule,
    handle: ({ who, deps, params }) => readRule(deps.alerts, tenantOf(who), askerOf(who), params.rule),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/alerts/summary',
    tag,
    summary: 'How many incidents, and of which severity',
    permission: 'alert.read',
    params: OrgParam,
    answer: AlertSummary,
    handle({ who, deps }) {
      const { isPartial, projects } = askerOf(who)
      return deps.alerts.of(tenantOf(who)).summary(isPartial ? projects : null)
    },
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/alerts/rules/preview',
    tag,
    summary: 'What a rule would find now; nothing is kept, and nobody is told',
    permission: 'alert.read',
    action: null,
    params: OrgParam,
    body: RuleCreate,
    answer: Page(Instance),
    async handle({ who, deps, body }) {
      const [tenant, asker] = [tenantOf(who), askerOf(who)]
      await checkTargets(deps.alerts, tenant, asker, body)
      return { data: await previewRule(deps.alerts.source, tenant, asker, body, deps.now()), next_cursor: null }
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/alerts/rules',
    tag,
    summary: 'Make an alert rule; it is judged every minute',
    permission: 'alert.write',
    action: 'alert_rule.create',
    params: OrgParam,
    body: RuleCreate,
    status: 201,
    answer: Rule,
    async handle({ who, deps, body, changed }) {
      const made = await createRule(deps.alerts, tenantOf(who), askerOf(who), body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/alerts/rules/{rule}',
    tag,
    summary: 'Change an alert rule',
    permission: 'alert.write',
    action: 'alert_rule.update',
    params: RuleParam,
    body: RuleUpdate,
    answer: Rule,
    async handle({ who, deps, params, body, changed }) {
      const change = { id: params.rule, change: body }
      const { before, after } = await updateRule(deps.alerts, tenantOf(who), askerOf(who), change)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/alerts/rules/{rule}',
    tag,
    summary: 'Remove an alert rule; its incidents stay, resolved',
    permission: 'alert.write',
    action: 'alert_rule.remove',
    params: RuleParam,
    answer: Rule,
    async handle({ who, deps, params, changed }) {
      const removed = await removeRule(deps.alerts, tenantOf(who), askerOf(who), params.rule)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

const targetOf = ({ id, name }: Rule) => ({ type: 'alert_rule', id, label: name })

/** What of a rule people set. The ids of users are not for the audit log, which cannot be changed. */
function factsOf(rule: Rule) {
  const { name, preset, enabled, project_id, for_minutes, no_data, notify_per, channels, escalation, runbook_url } =
    rule
  const { condition } = rule
  const watched =
    'watch' in condition ? { watch: { ...condition.watch, filters: namesNobody(condition.watch.filters) } } : {}
  return {
    ...{ name, preset, enabled, project_id, for_minutes, no_data, notify_per, channels, escalation, runbook_url },
    condition: { ...condition, ...watched },
  }
}

const namesNobody = (filters: { dimension: string; op: string; values: string[] }[]) =>
  filters.map((filter) => (filter.dimension === 'user_id' ? { ...filter, values: [] } : filter))
