import type { BudgetForecast, NoForecast } from '../../../contract/budget-forecast.ts'
import { clockAt, dateOf, dayEndingAt, type LocalClock } from '../../../domain/budget/forecast/clock.ts'
import { fitSpend, type SeasonalModel } from '../../../domain/budget/forecast/fit.ts'
import { historyOf } from '../../../domain/budget/forecast/history.ts'
import {
  daysToLimit,
  outlookAt,
  overrunChance,
  periodEnd,
  type Standing,
} from '../../../domain/budget/forecast/outlook.ts'
import { usd } from '../../../domain/money.ts'
import { dayStart } from '../../../domain/time-zone.ts'
import type { Book, OpenBudget } from './book.ts'
import type { BudgetRows } from './budget-rows.ts'
import type { Counters } from './counters.ts'
import type { ForecastRows, StoredFit } from './forecast-rows.ts'
import { localSums } from './spend-series.ts'

/** Eight weeks: names of agents and people are kept for 62 days. */
const WINDOW_DAYS = 56
/** The longest period, and today with it. */
const HORIZON_DAYS = 31
/** A fit is made of complete days; spend of those may still come in late. */
const FRESH_MS = 3_600_000
const HOUR_MS = 3_600_000
const CHANCE_DIGITS = 4

export interface ForecastTools {
  seasonal: SeasonalModel
  /** Lets other calls of the object go first. */
  pause(): Promise<void>
}

/** A budget's fit, with where its period stands at a moment. */
export interface Outlook {
  fit: NonNullable<StoredFit['fit']>
  standing: Standing
}

/**
 * Forecasts of budgets. The fit of a scope's history is made at most once an hour, when somebody asks, and one at a
 * time; what it says of a period is worked out at each reading, from what is spent then.
 */
export class Forecasts {
  private readonly rows: ForecastRows
  private readonly budgets: BudgetRows
  private readonly counters: Counters
  private readonly book: Book
  private readonly tools: ForecastTools
  private fits: Map<string, StoredFit> | null = null
  private wanted = false

  constructor(rows: ForecastRows, budgets: BudgetRows, counters: Counters, book: Book, tools: ForecastTools) {
    this.rows = rows
    this.budgets = budgets
    this.counters = counters
    this.book = book
    this.tools = tools
  }

  /** Whether a reading found fits out of date that nobody has made yet. */
  isWanted(): boolean {
    return this.wanted
  }

  /** After the tables were changed by somebody else. */
  forget(): void {
    this.fits = null
    this.wanted = false
  }

  remove(budgetId: string): void {
    this.rows.remove(budgetId)
    this.fits?.delete(budgetId)
  }

  /** Makes up to `max` fits that are out of date; between two of them, decisions are made. */
  async refresh(nowMs: number, max: number): Promise<void> {
    const stale = this.stale(nowMs)
    for (const { id } of stale.slice(0, max)) {
      await this.refreshOne(id, nowMs)
      await this.tools.pause()
    }
    this.wanted = stale.length > max
  }

  async refreshOne(id: string, nowMs: number): Promise<void> {
    const clock = this.clock(nowMs)
    const budget = this.book.find(id, nowMs)
    if (budget !== null && !this.isFresh(id, clock)) this.make(budget, clock)
  }

  /** The forecast of a budget, or why there is none. */
  of(budget: OpenBudget, clock: LocalClock): { forecast: BudgetForecast | null; forecast_reason: NoForecast } {
    const stored = this.stored(budget.id, clock)
    if (stored === null) return { forecast: null, forecast_reason: 'pending' }
    const outlook = this.outlook(budget, clock)
    if (outlook === null) return { forecast: null, forecast_reason: 'too_little_history' }
    return { forecast: viewOf(outlook, budget, clock, stored.made_ms), forecast_reason: null }
  }

  outlook(budget: OpenBudget, clock: LocalClock): Outlook | null {
    const stored = this.stored(budget.id, clock)
    if (stored?.fit == null) return null
    const standing = {
      spent: budget.spent,
      today: Math.max(0, Number(budget.spent) - stored.before),
      dayShare: clock.dayShare,
      daysLeft: Math.max(0, dayEndingAt(clock.zone, budget.span.to_ms) - clock.today),
    }
    return { fit: stored.fit, standing }
  }

  clock(nowMs: number): LocalClock {
    return clockAt(this.budgets.zone(), nowMs)
  }

  private stale(nowMs: number): OpenBudget[] {
    const clock = this.clock(nowMs)
    return this.book.all(nowMs).filter(({ id }) => !this.isFresh(id, clock))
  }

  private isFresh(id: string, clock: LocalClock): boolean {
    const stored = this.stored(id, clock)
    return stored !== null && clock.nowMs - stored.made_ms < FRESH_MS
  }

  /** A fit of another day or zone says nothing of this one. */
  private stored(id: string, { zone, today }: LocalClock): StoredFit | null {
    this.fits ??= this.rows.all()
    const found = this.fits.get(id)
    return found?.zone === zone && found.today === today ? found : null
  }

  private make({ id, stored, span }: OpenBudget, { zone, today, nowMs }: LocalClock): void {
    const from = today - WINDOW_DAYS
    const midnight = dayStart(zone, today)
    const range = { from_ms: dayStart(zone, from), to_ms: midnight }
    const hours = localSums(this.counters, stored, zone, range, HOUR_MS)
    const history = historyOf(
      hours.map(({ at, cost }) => ({ hour: at, cost: Number(cost) })),
      from,
      today,
    )
    const made: StoredFit = {
      zone,
      today,
      made_ms: nowMs,
      before: Number(this.counters.spent(stored.scope, stored.scope_id, span.from_ms, midnight)),
      fit: fitSpend(history, this.tools.seasonal, HORIZON_DAYS),
    }
    this.rows.put(id, made)
    this.fits?.set(id, made)
  }
}

function viewOf({ fit, standing }: Outlook, { limit }: OpenBudget, { today }: LocalClock, madeMs: number) {
  const end = outlookAt(fit, standing, periodEnd(standing))
  const days = daysToLimit(fit, standing, limit)
  return {
    method: fit.method,
    history_days: fit.historyDays,
    made_at: new Date(madeMs).toISOString(),
    expected_usd: usd(end.expected),
    low_80_usd: usd(end.low80),
    high_80_usd: usd(end.high80),
    low_95_usd: usd(end.low95),
    high_95_usd: usd(end.high95),
    overrun_probability: Number(overrunChance(fit, standing, limit).toFixed(CHANCE_DIGITS)),
    limit_on: days === null ? null : dateOf(today + days),
  }
}
