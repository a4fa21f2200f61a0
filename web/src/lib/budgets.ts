import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  Budget,
  BudgetCreate,
  BUDGET_PERIODS,
  BUDGET_SCOPES,
  BudgetDetail,
  BudgetUpdate,
  Extension,
  ExtensionCreate,
  ReservationView,
} from '../../../workers/contract/budget.ts'
import { ForecastPath } from '../../../workers/contract/budget-forecast.ts'
import { orgPath, type Api } from './api.ts'
import { nanoOf, usdOf } from './money.ts'

export { BudgetCreate, BudgetUpdate, BUDGET_PERIODS, BUDGET_SCOPES, ExtensionCreate }
export type { Budget, BudgetDetail, Extension, ForecastPath, ReservationView }
const Budgets = Page(Budget)
const Reservations = Page(ReservationView)
const Extensions = Page(Extension)

/** What the pages ask about budgets. */
export function budgetsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'budgets', ...rest)
  return {
    list: async () => (await api.get(at(), Budgets)).data,
    one: (id: string) => api.get(at(id), BudgetDetail),
    forecast: (id: string) => api.get(at(id, 'forecast'), ForecastPath),
    create: (input: z.input<typeof BudgetCreate>) => api.post(at(), Budget, input),
    update: (id: string, change: BudgetUpdate) => api.patch(at(id), Budget, change),
    remove: (id: string) => api.delete(at(id), Budget),
    reservations: async () => (await api.get(orgPath(org, 'reservations'), Reservations)).data,
    release: (id: string) => api.post(orgPath(org, 'reservations', id, 'release'), ReservationView),
    extensions: async () => (await api.get(orgPath(org, 'extensions'), Extensions)).data,
    ask: (budget: string, input: z.input<typeof ExtensionCreate>) =>
      api.post(at(budget, 'extensions'), Extension, input),
    decide: (id: string, verb: 'grant' | 'decline') => api.post(orgPath(org, 'extensions', id, verb), Extension),
  }
}

/** Of whom or what a budget is, in words. */
export function scopeText({ scope }: Budget, names: ReadonlyMap<string, string>): string {
  if (scope.type === 'org') return 'Everything'
  return `${scope.type} ${names.get(scope.id ?? '') ?? scope.id ?? ''}`
}

const HOLDER = {
  project: 'project_id',
  agent: 'agent_id',
  workflow: 'workflow_id',
  user: 'user_id',
  model: 'model',
  provider: 'provider',
} as const

/** Whether what a reservation holds counts against a budget. */
export function isHeldFrom(
  { scope }: Budget,
  one: ReservationView,
  projects: readonly { id: string; workspace_id: string }[],
): boolean {
  switch (scope.type) {
    case 'org':
      return true
    case 'workspace':
      return projects.some(({ id, workspace_id }) => id === one.project_id && workspace_id === scope.id)
    default:
      return one[HOLDER[scope.type]] === scope.id
  }
}

/** Parts of the limit with its extension, in percent: spent, and reserved beside it; over 100 where it was passed. */
export function shares({ limit_usd, extension, spent_usd, reserved_usd }: Budget): { spent: number; reserved: number } {
  const limit = nanoOf(limit_usd) + nanoOf(extension?.amount_usd ?? '0')
  const percent = (usd: string) => (limit === 0n ? 0 : Number((nanoOf(usd) * 10_000n) / limit) / 100)
  return { spent: percent(spent_usd), reserved: percent(reserved_usd) }
}

/**
 * Each threshold with its amount, and when it was reached in the present period. What was spent before the budget or
 * its limit was there reaches it without a moment.
 */
export function thresholdsOf(
  budget: BudgetDetail,
): { percent: number; amount_usd: string; isReached: boolean; reached_at: string | null }[] {
  const limit = nanoOf(budget.limit_usd) + nanoOf(budget.extension?.amount_usd ?? '0')
  return budget.thresholds.map((percent) => ({
    percent,
    amount_usd: usdOf((limit * BigInt(percent)) / 100n),
    isReached: nanoOf(budget.spent_usd) * 100n >= limit * BigInt(percent),
    reached_at: budget.thresholds_reached.find((one) => one.percent === percent)?.reached_at ?? null,
  }))
}

export const PERIOD_WORDS = { day: 'a day', week: 'a week', month: 'a month' } as const
