import { z } from '@hono/zod-openapi'
import { Page } from '../../contract/api.ts'
import {
  Budget,
  BudgetCreate,
  BudgetDetail,
  BudgetUpdate,
  Extension,
  ExtensionCreate,
  ReservationView,
} from '../../contract/budget.ts'
import { ForecastPath } from '../../contract/budget-forecast.ts'
import { AppError } from '../../domain/errors.ts'
import {
  askExtension,
  createBudget,
  decideExtension,
  listReservations,
  MISSING,
  readBudget,
  readBudgetDetail,
  readForecast,
  releaseReservation,
  removeBudget,
  updateBudget,
} from '../../services/budget/budgets.ts'
import { orgOf, tenantOf, type Who } from '../context.ts'
import { route, type App } from '../route.ts'

const OrgParam = z.object({ org: z.string().min(1).max(100) })
const BudgetParam = OrgParam.extend({ budget: z.string().min(1).max(100) })
const all = <T>(data: T[]) => ({ data, next_cursor: null })
const tag = 'Budgets'

/** Budgets of an organization, what agents have reserved of them, and extensions. */
export function budgetRoutes(app: App): void {
  readingRoutes(app)
  writingRoutes(app)
  reservationRoutes(app)
  extensionRoutes(app)
}

/** Who sees only some projects sees only their budgets. */
function isSeen(who: Who): (budget: Pick<Budget, 'scope'>) => boolean {
  const { actor, restricted, projects } = who
  const isPartial = restricted || (actor.type === 'key' && actor.record.project_id !== '')
  return ({ scope }) => !isPartial || (scope.type === 'project' && projects.some(({ id }) => id === scope.id))
}

/** @throws AppError not_found, as for a budget that does not exist. */
function seenBy<T extends Pick<Budget, 'scope'>>(who: Who, budget: T): T {
  if (!isSeen(who)(budget)) throw new AppError('not_found', MISSING)
  return budget
}

function readingRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/budgets',
    tag,
    summary: 'Budgets, with what is spent and reserved in their present period',
    permission: 'budget.read',
    params: OrgParam,
    answer: Page(Budget),
    handle: async ({ who, deps }) => all((await deps.budgets.of(tenantOf(who)).foreseen()).filter(isSeen(who))),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/budgets/{budget}',
    tag,
    summary: 'One budget, with thresholds that were reached and actual spend against plan',
    permission: 'budget.read',
    params: BudgetParam,
    answer: BudgetDetail,
    handle: async ({ who, deps, params }) =>
      seenBy(who, await readBudgetDetail(deps.budgets, tenantOf(who), params.budget)),
  })
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/budgets/{budget}/forecast',
    tag,
    summary: 'How the present period went, and how it is expected to go on',
    permission: 'budget.read',
    params: BudgetParam,
    answer: ForecastPath,
    async handle({ who, deps, params }) {
      seenBy(who, await readBudget(deps.budgets, tenantOf(who), params.budget))
      return readForecast(deps.budgets, tenantOf(who), params.budget)
    },
  })
}

function writingRoutes(app: App): void {
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/budgets',
    tag,
    summary: 'Make a budget',
    permission: 'budget.write',
    action: 'budget.create',
    params: OrgParam,
    body: BudgetCreate,
    status: 201,
    answer: Budget,
    async handle({ who, deps, body, changed }) {
      const made = await createBudget(deps.budgets, tenantOf(who), orgOf(who).timeZone, body)
      changed({ target: targetOf(made), after: factsOf(made) })
      return made
    },
  })
  route(app, {
    method: 'patch',
    path: '/api/v1/orgs/{org}/budgets/{budget}',
    tag,
    summary: 'Change a budget; another scope or period is another budget',
    permission: 'budget.write',
    action: 'budget.update',
    params: BudgetParam,
    body: BudgetUpdate,
    answer: Budget,
    async handle({ who, deps, params, body, changed }) {
      const { before, after } = await updateBudget(deps.budgets, tenantOf(who), params.budget, body)
      changed({ target: targetOf(after), before: factsOf(before), after: factsOf(after) })
      return after
    },
  })
  route(app, {
    method: 'delete',
    path: '/api/v1/orgs/{org}/budgets/{budget}',
    tag,
    summary: 'Remove a budget; what was spent stays in the ledger',
    permission: 'budget.write',
    action: 'budget.remove',
    params: BudgetParam,
    answer: Budget,
    async handle({ who, deps, params, changed }) {
      const removed = await removeBudget(deps.budgets, tenantOf(who), params.budget)
      changed({ target: targetOf(removed), before: factsOf(removed) })
      return removed
    },
  })
}

function reservationRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/reservations',
    tag,
    summary: 'What agents have reserved, the largest first',
    permission: 'budget.read',
    params: OrgParam,
    answer: Page(ReservationView),
    async handle({ who, deps }) {
      const seen = new Set(who.projects.map(({ id }) => id))
      return all((await listReservations(deps.budgets, tenantOf(who))).filter(({ project_id }) => seen.has(project_id)))
    },
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/reservations/{reservation}/release',
    tag,
    summary: 'Let go of what a reservation holds; what it costs in the end counts all the same',
    permission: 'budget.release',
    action: 'reservation.release',
    params: OrgParam.extend({ reservation: z.string().min(1).max(100) }),
    answer: ReservationView,
    async handle({ who, deps, params, changed }) {
      const released = await releaseReservation(deps.budgets, tenantOf(who), params.reservation)
      changed({
        target: { type: 'reservation', id: released.id },
        agent_id: released.agent_id,
        after: { state: released.state },
      })
      return released
    },
  })
}

function extensionRoutes(app: App): void {
  route(app, {
    method: 'get',
    path: '/api/v1/orgs/{org}/extensions',
    tag,
    summary: 'Extensions of budgets, newest first',
    permission: 'budget.read',
    params: OrgParam,
    answer: Page(Extension),
    handle: async ({ who, deps }) => all(await deps.budgets.of(tenantOf(who)).extensions()),
  })
  route(app, {
    method: 'post',
    path: '/api/v1/orgs/{org}/budgets/{budget}/extensions',
    tag,
    summary: 'Ask for more room in a budget for a while',
    permission: 'budget.ask',
    action: 'extension.ask',
    params: BudgetParam,
    body: ExtensionCreate,
    status: 201,
    answer: Extension,
    async handle({ who, deps, params, body, changed }) {
      const asked = await askExtension(deps.budgets, tenantOf(who), params.budget, body, who.actor.id)
      changed({ target: { type: 'extension', id: asked.id }, after: extensionFacts(asked) })
      return asked
    },
  })
  for (const [verb, grant] of [
    ['grant', true],
    ['decline', false],
  ] as const)
    route(app, {
      method: 'post',
      path: `/api/v1/orgs/{org}/extensions/{extension}/${verb}`,
      tag,
      summary: grant ? 'Grant an extension' : 'Decline an extension',
      permission: 'budget.approve',
      action: `extension.${verb}`,
      params: OrgParam.extend({ extension: z.string().min(1).max(100) }),
      answer: Extension,
      async handle({ who, deps, params, changed }) {
        const decided = await decideExtension(deps.budgets, tenantOf(who), params.extension, grant, who.actor.id)
        changed({ target: { type: 'extension', id: decided.id }, after: extensionFacts(decided) })
        return decided
      },
    })
}

const targetOf = ({ id, name }: Budget) => ({ type: 'budget', id, label: name })

/** What of a budget people set. The id of a user is not for the audit log, which cannot be changed. */
function factsOf({ scope, ...budget }: Budget) {
  const { name, period, limit_usd, hard, thresholds, on_limit, downgrade_to, on_unreachable, unpriced } = budget
  const of = scope.type === 'user' ? { type: scope.type } : scope
  return { name, scope: of, period, limit_usd, hard, thresholds, on_limit, downgrade_to, on_unreachable, unpriced }
}

function extensionFacts({ budget_id, amount_usd, until, reason, state }: Extension) {
  return { budget_id, amount_usd, until, reason, state }
}
