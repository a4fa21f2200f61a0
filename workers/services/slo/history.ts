import type { Slo, SloDay } from '../../contract/slo.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { NOTHING, type Tally } from '../../domain/slo/burn.ts'
import { dayQuestion, settledMs, tallyOf as tallyOfRow, type Counted } from '../../domain/slo/events.ts'
import { daysOf, historyOf, type Day } from '../../domain/slo/history.ts'
import { beginning, planOf, sumSince, tallyOf, type Spent } from '../../domain/slo/spend.ts'
import type { Asker } from '../alert/port.ts'
import type { SloDeps } from './port.ts'

const HOUR_MS = 3_600_000

/** What was left of an objective's error budget at the end of each day of its window, oldest first. */
export async function historyOfSlo(deps: SloDeps, tenant: Tenant, asker: Asker, slo: Slo): Promise<SloDay[]> {
  const days = daysOf(slo.window_days, asker.zone, deps.now())
  const { indicator } = slo
  const tallies =
    indicator.type === 'budget_variance'
      ? await spendDays(deps, tenant, indicator, days)
      : await eventDays(deps, tenant, asker, { indicator, project_id: slo.project_id, days })
  return historyOf(days, tallies, slo)
}

async function eventDays(
  deps: SloDeps,
  tenant: Tenant,
  { zone, projects }: Asker,
  { indicator, project_id, days }: { indicator: Counted; project_id: string | null; days: readonly Day[] },
): Promise<Tally[]> {
  const range = { from_ms: days[0]?.from_ms ?? 0, to_ms: deps.now() }
  const { data } = await deps.metrics.query(tenant, projects, dayQuestion(indicator, project_id, zone, range))
  const byDay = new Map(data.map((row) => [Date.parse(String(row.time)), tallyOfRow(indicator, row)]))
  return days.map(({ from_ms }) => byDay.get(from_ms) ?? NOTHING)
}

/** By whole hours, which begin in the day that they count for. */
async function spendDays(deps: SloDeps, tenant: Tenant, { budget_id }: Spent, days: readonly Day[]): Promise<Tally[]> {
  const range = { from_ms: days[0]?.from_ms ?? 0, to_ms: deps.now() }
  const rpc = deps.budgets(tenant)
  const budget = await rpc.budget(budget_id)
  const hours = await rpc.spending(budget_id, { ...range, to_ms: range.to_ms + HOUR_MS, unit: 'hour' })
  if (budget === null || hours === null) return days.map(() => NOTHING)
  const { of: plan } = planOf(budget, hours, settledMs(range.to_ms), range)
  const began = beginning(hours, range.to_ms)
  return days.map(({ from_ms, to_ms }) =>
    tallyOf({ actual: sumSince(hours, from_ms, to_ms), planned: plan.over(Math.max(from_ms, began), to_ms) }),
  )
}
