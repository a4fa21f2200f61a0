import type { BudgetVariance } from '../../../contract/budget-forecast.ts'
import { periodAt, type Span } from '../../../domain/budget/period.ts'
import { usd } from '../../../domain/money.ts'
import { dayStart, offsetAt } from '../../../domain/time-zone.ts'
import type { StoredBudget } from './budget-rows.ts'
import { nano } from './book.ts'
import { NAMED_SCOPES, type Counters } from './counters.ts'

const DAY_MS = 86_400_000
const MONTHS_MAX = 12

/**
 * What months were planned to cost and did, the present one first: it, the one before, and of the year before those
 * that have a plan. Exact from the counters, which for agents, workflows and users reach back two months.
 */
export function varianceOf(stored: StoredBudget, counters: Counters, zone: string, nowMs: number): BudgetVariance[] {
  const { scope, scope_id, config } = stored
  const present = periodAt('month', zone, nowMs)
  const before = periodAt('month', zone, present.from_ms - 1)
  const months = new Map([present, before].map((span) => [monthOf(zone, span), span]))
  if (!NAMED_SCOPES.includes(scope))
    for (const month of Object.keys(config.planned_usd).sort().reverse()) {
      const span = spanOf(zone, month)
      if (span.from_ms < present.from_ms && months.size < MONTHS_MAX) months.set(month, span)
    }
  return [...months]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([month, { from_ms, to_ms }]) => {
      const actual = counters.spent(scope, scope_id, from_ms, to_ms)
      const planned = config.planned_usd[month]
      return {
        month,
        actual_usd: usd(actual),
        planned_usd: planned === undefined ? null : usd(nano(planned)),
        difference_usd: planned === undefined ? null : usd(actual - nano(planned)),
      }
    })
}

function monthOf(zone: string, { from_ms }: Span): string {
  return new Date(from_ms + offsetAt(zone, from_ms)).toISOString().slice(0, 7)
}

function spanOf(zone: string, month: string): Span {
  const [year = 1970, number = 1] = month.split('-').map(Number)
  const start = (after: number) => dayStart(zone, Date.UTC(year, number - 1 + after, 1) / DAY_MS)
  return { from_ms: start(0), to_ms: start(1) }
}
