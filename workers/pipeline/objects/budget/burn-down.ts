import type { ForecastPath, ForecastPoint } from '../../../contract/budget-forecast.ts'
import type { LocalClock } from '../../../domain/budget/forecast/clock.ts'
import { dayEndingAt } from '../../../domain/budget/forecast/clock.ts'
import { outlookAt, type Band, type Until } from '../../../domain/budget/forecast/outlook.ts'
import { usd } from '../../../domain/money.ts'
import { dayStart } from '../../../domain/time-zone.ts'
import type { OpenBudget } from './book.ts'
import type { Counters } from './counters.ts'
import type { Forecasts } from './forecasts.ts'
import { localSums } from './spend-series.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 86_400_000
const iso = (ms: number) => new Date(ms).toISOString()

/** A step of a period: what it spent by itself, and until when it is, for the forecast. */
interface Step {
  from_ms: number
  to_ms: number
  cost: bigint
  until: Until
}

/** How the present period of a budget went, hour by hour or day by day, and how it may go on. */
export function burnDown(
  budget: OpenBudget,
  forecasts: Forecasts,
  counters: Counters,
  clock: LocalClock,
): ForecastPath {
  const { span, stored } = budget
  const step = stored.config.period === 'day' ? 'hour' : 'day'
  const steps = step === 'hour' ? hoursOf(budget, counters) : daysOf(budget, counters, clock)
  const outlook = forecasts.outlook(budget, clock)
  let spent = 0n
  const path = steps.map((one): ForecastPoint => {
    spent += one.cost
    const isOver = one.to_ms <= clock.nowMs
    const isNow = !isOver && one.from_ms <= clock.nowMs
    // What is spent and on its way to the ledger counts now.
    const shown = isOver ? spent : isNow ? budget.spent : null
    const band = isOver || outlook === null ? null : outlookAt(outlook.fit, outlook.standing, one.until)
    return {
      from: iso(one.from_ms),
      to: iso(one.to_ms),
      spent_usd: shown === null ? null : usd(shown),
      ...bandView(band),
    }
  })
  return {
    budget_id: budget.id,
    time_zone: clock.zone,
    step,
    period_start: iso(span.from_ms),
    resets_at: iso(span.to_ms),
    limit_usd: usd(budget.limit),
    spent_usd: usd(budget.spent),
    ...forecasts.of(budget, clock),
    path,
  }
}

function bandView(band: Band | null) {
  const shown = (amount: bigint | undefined) => (amount === undefined ? null : usd(amount))
  return {
    expected_usd: shown(band?.expected),
    low_80_usd: shown(band?.low80),
    high_80_usd: shown(band?.high80),
    low_95_usd: shown(band?.low95),
    high_95_usd: shown(band?.high95),
  }
}

/** Hours of a day's budget: 23 or 25 where clocks are changed. */
function hoursOf({ span, stored }: OpenBudget, counters: Counters): Step[] {
  const sums = counters.sums(stored.scope, stored.scope_id, span, { zero_ms: span.from_ms, unit_ms: HOUR_MS })
  const costs = new Map(sums.map(({ at, cost }) => [at, cost]))
  const whole = span.to_ms - span.from_ms
  return Array.from({ length: Math.ceil(whole / HOUR_MS) }, (_, at) => {
    const from_ms = span.from_ms + at * HOUR_MS
    const to_ms = Math.min(from_ms + HOUR_MS, span.to_ms)
    const until = { days: 0, dayShare: (to_ms - span.from_ms) / whole }
    return { from_ms, to_ms, cost: costs.get(at) ?? 0n, until }
  })
}

function daysOf({ span, stored }: OpenBudget, counters: Counters, { zone, today }: LocalClock): Step[] {
  const costs = new Map<number, bigint>()
  for (const { at, cost } of localSums(counters, stored, zone, span, DAY_MS))
    costs.set(at, (costs.get(at) ?? 0n) + cost)
  const last = dayEndingAt(zone, span.to_ms)
  const steps: Step[] = []
  for (let from_ms = span.from_ms, day = dayEndingAt(zone, span.from_ms) + 1; day <= last; day++) {
    const to_ms = day === last ? span.to_ms : dayStart(zone, day + 1)
    steps.push({ from_ms, to_ms, cost: costs.get(day) ?? 0n, until: { days: Math.max(0, day - today) } })
    from_ms = to_ms
  }
  return steps
}
