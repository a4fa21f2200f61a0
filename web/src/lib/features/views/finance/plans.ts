import { Page } from '../../../../../../workers/contract/api.ts'
import { Budget, BudgetDetail } from '../../../../../../workers/contract/budget.ts'
import { offsetMs } from '../../../zone.ts'
import type { FilterName } from '../../filters/filters.ts'
import type { Ask } from '../ask.ts'
import type { Scope } from '../panel.ts'

const Budgets = Page(Budget)

export const budgetsFor = async (ask: Ask): Promise<Budget[]> => (await ask.org(Budgets, 'budgets')).data
export const budgetFor = (ask: Ask, id: string): Promise<BudgetDetail> => ask.org(BudgetDetail, 'budgets', id)

/** The month that it is in a zone, like `2026-11`. */
export function monthOf(nowMs: number, zone: string): string {
  return new Date(nowMs + offsetMs(nowMs, zone)).toISOString().slice(0, 7)
}

/** The budget with a plan for this month that is of exactly what is looked at, the oldest where there are several. */
export function plannedBudget(budgets: readonly Budget[], scope: Pick<Scope, 'filters' | 'nowMs'>): Budget | null {
  const wanted = scopeFor(scope.filters)
  if (wanted === null) return null
  const fitting = budgets
    .filter((one) => one.scope.type === wanted.type && (one.scope.id ?? '') === wanted.id)
    .filter((one) => one.planned_usd[monthOf(scope.nowMs, one.time_zone)] !== undefined)
    .sort((a, b) => (a.created_at < b.created_at ? -1 : 1))
  return fitting[0] ?? null
}

/** What this month was planned to cost, and did, by the budget of what is looked at. */
export async function plannedFor(
  ask: Ask,
  scope: Scope,
): Promise<{ budget: string; month: BudgetDetail['variance'][number] } | null> {
  const budget = plannedBudget(await budgetsFor(ask), scope)
  if (budget === null) return null
  const { variance } = await budgetFor(ask, budget.id)
  const month = variance.find((one) => one.month === monthOf(scope.nowMs, budget.time_zone))
  return month === undefined ? null : { budget: budget.name, month }
}

const SCOPE_OF: Partial<Record<FilterName, Budget['scope']['type']>> = {
  workspace: 'workspace',
  project: 'project',
  agent_id: 'agent',
  workflow_id: 'workflow',
  model: 'model',
  provider: 'provider',
  user_id: 'user',
}

/** Budgets are of the whole organization or of one thing: with more than that filtered there is none. */
function scopeFor(filters: Scope['filters']): { type: Budget['scope']['type']; id: string } | null {
  const set = Object.entries(filters)
  const [only] = set
  if (only === undefined) return { type: 'org', id: '' }
  const [name, values] = only
  const type = SCOPE_OF[name as FilterName]
  const [id] = values
  return set.length > 1 || values.length > 1 || type === undefined || id === undefined ? null : { type, id }
}
