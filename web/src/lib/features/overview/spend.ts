import type { SpendAnswer } from '../../../../../workers/contract/api.ts'
import { spendFilters } from '../filters/filters.ts'
import { dayStart, monthStart } from '../../zone.ts'
import type { OverviewScope, Period } from './overview.ts'

const HOUR_MS = 3_600_000

/** Spend since midnight and since the first, in the viewer's zone. */
export interface SpendSoFar {
  today_usd: string
  month_usd: string
  today_unpriced: number
  month_unpriced: number
}

/** One question for both: this month by day. It ends on a full hour, which the ledger's sums are kept for. */
export function spendQuery(scope: OverviewScope, nowMs: number, zone: string): URLSearchParams {
  return filtered(scope, {
    from: new Date(monthStart(nowMs, zone)).toISOString(),
    to: new Date(Math.ceil((nowMs + 1) / HOUR_MS) * HOUR_MS).toISOString(),
    group_by: 'day',
    time_zone: zone,
  })
}

/** What each workflow cost. */
export function workflowSpendQuery(period: Period, scope: OverviewScope): URLSearchParams {
  return filtered(scope, {
    from: new Date(period.from_ms).toISOString(),
    to: new Date(period.to_ms).toISOString(),
    group_by: 'workflow',
  })
}

function filtered(scope: OverviewScope, asked: Record<string, string>): URLSearchParams {
  const query = new URLSearchParams(asked)
  for (const [name, values] of Object.entries(spendFilters(scope)))
    for (const value of values) query.append(name, value)
  return query
}

export function shapeSpend(answer: SpendAnswer, nowMs: number, zone: string): SpendSoFar {
  const today = dayStart(nowMs, zone)
  const row = answer.data.find((one) => Date.parse(String(one.day)) === today)
  return {
    today_usd: row?.cost_usd ?? '0.000000000',
    month_usd: answer.total_cost_usd,
    today_unpriced: row?.unpriced ?? 0,
    month_unpriced: answer.data.reduce((sum, one) => sum + one.unpriced, 0),
  }
}
