import type { z } from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import {
  Budget,
  BudgetCreate,
  BUDGET_PERIODS,
  BUDGET_SCOPES,
  Extension,
  ExtensionCreate,
  ReservationView,
  type BudgetUpdate,
} from '../../../workers/contract/budget.ts'
import { orgPath, type Api } from './api.ts'
import { nanoOf } from './money.ts'

export { BudgetCreate, BUDGET_PERIODS, BUDGET_SCOPES, ExtensionCreate }
export type { Budget, Extension, ReservationView }
const Budgets = Page(Budget)
const Reservations = Page(ReservationView)
const Extensions = Page(Extension)

/** What the pages ask about budgets. */
export function budgetsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'budgets', ...rest)
  return {
    list: async () => (await api.get(at(), Budgets)).data,
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

/** Parts of the limit with its extension, in percent: spent, and reserved beside it; over 100 where it was passed. */
export function shares({ limit_usd, extension, spent_usd, reserved_usd }: Budget): { spent: number; reserved: number } {
  const limit = nanoOf(limit_usd) + nanoOf(extension?.amount_usd ?? '0')
  const percent = (usd: string) => (limit === 0n ? 0 : Number((nanoOf(usd) * 10_000n) / limit) / 100)
  return { spent: percent(spent_usd), reserved: percent(reserved_usd) }
}

export const PERIOD_WORDS = { day: 'a day', week: 'a week', month: 'a month' } as const
