import type { Budget, BudgetDetail } from '../../../budgets.ts'
import { nanoOf } from '../../../money.ts'
import type { Cell, Column, PanelSpec, Scope, TableRow } from '../panel.ts'
import { budgetFor, budgetsFor, monthOf } from './plans.ts'

/** Each plan is read by itself: more than these take too long. */
const PLANS_MAX = 50

const COLUMNS: Column[] = [
  { key: 'budget', label: 'Budget', format: 'text' },
  { key: 'scope', label: 'Of', format: 'text' },
  { key: 'planned', label: 'Planned', format: 'usd', definition: 'For the whole month.' },
  { key: 'actual', label: 'Actual', format: 'usd', definition: 'Spent this month so far, from the ledger.' },
  { key: 'difference', label: 'Difference', format: 'usd', definition: 'Actual less planned; below zero is left.' },
  { key: 'percent', label: 'Difference of plan', format: 'percent', definition: 'Difference ÷ planned.' },
  {
    key: 'forecast',
    label: 'Expected at month end',
    format: 'usd',
    definition: 'What the month will have cost if spending goes on as it did; of budgets that count by the month.',
  },
  { key: 'expected', label: 'Expected of plan', format: 'percent', definition: 'Expected ÷ planned.' },
]

export const budgetVariance: PanelSpec = {
  id: 'finance.budget-variance',
  title: 'Plan and actual',
  unit: 'US dollars of the present month',
  definition:
    'For each budget that has a plan for this month, or counts by the month: what was planned, what was spent until now, and what is expected at the month’s end. Months are those of the organization’s time zone; range and filters do not matter here.',
  span: 12,
  async load(ask, scope) {
    const budgets = await budgetsFor(ask)
    const planned = budgets.filter((one) => planOf(one, scope) !== null)
    const read = planned.slice(0, PLANS_MAX)
    const details = new Map(await Promise.all(read.map(async ({ id }) => [id, await budgetFor(ask, id)] as const)))
    const rows = varianceRows(budgets, details, scope)
    const more = [{ label: 'All budgets', href: `/${scope.org}/budgets` }]
    if (rows.length === 0)
      return {
        type: 'table',
        columns: COLUMNS,
        rows,
        more,
        empty: 'No budget has a plan for this month: make one, with an amount for the month.',
      }
    const left = planned.length - read.length
    return {
      type: 'table',
      columns: COLUMNS,
      rows,
      sort: 'actual',
      more,
      ...(left > 0 && { note: `without ${left} more budgets that have a plan` }),
    }
  },
}

/** A row for each budget that something can be said of for this month. */
export function varianceRows(
  budgets: readonly Budget[],
  details: ReadonlyMap<string, Pick<BudgetDetail, 'variance'>>,
  scope: Pick<Scope, 'org' | 'nowMs'>,
): TableRow[] {
  return budgets.flatMap((budget): TableRow[] => {
    const month = monthOf(scope.nowMs, budget.time_zone)
    const found = details.get(budget.id)?.variance.find((one) => one.month === month)
    const isMonthly = budget.period === 'month'
    // A plan that was not read must not look like none.
    if (found === undefined && (!isMonthly || planOf(budget, scope) !== null)) return []
    const planned = found?.planned_usd ?? null
    const difference = found?.difference_usd ?? null
    const forecast = isMonthly ? (budget.forecast?.expected_usd ?? null) : null
    const cells: Record<string, Cell> = {
      budget: budget.name,
      scope: budget.scope.id === null ? 'everything' : `${budget.scope.type} ${budget.scope.id}`,
      planned,
      actual: found?.actual_usd ?? budget.spent_usd,
      difference,
      percent: ratio(difference, planned),
      forecast,
      expected: ratio(forecast, planned),
    }
    return [{ key: budget.id, cells, href: `/${scope.org}/budgets/${budget.id}` }]
  })
}

function planOf(budget: Budget, { nowMs }: Pick<Scope, 'nowMs'>): string | null {
  return budget.planned_usd[monthOf(nowMs, budget.time_zone)] ?? null
}

function ratio(part: string | null, whole: string | null): number | null {
  if (part === null || whole === null || nanoOf(whole) === 0n) return null
  return Number(nanoOf(part)) / Number(nanoOf(whole))
}
