import type {
  Budget,
  BudgetCreate,
  BudgetDetail,
  BudgetUpdate,
  Extension,
  ExtensionCreate,
  SpendRange,
  SpendSum,
} from '../../../contract/budget.ts'
import type { ForecastPath } from '../../../contract/budget-forecast.ts'
import { usd } from '../../../domain/money.ts'
import { budgetView } from './answers.ts'
import { burnDown } from './burn-down.ts'
import type { BudgetRows, StoredExtension } from './budget-rows.ts'
import { nano, type Book } from './book.ts'
import type { Counters } from './counters.ts'
import type { Forecasts } from './forecasts.ts'
import { varianceOf } from './variance.ts'

const UNIT_MS = { quarter: 900_000, hour: 3_600_000 }
const iso = (ms: number) => new Date(ms).toISOString()

/** What people do with the budgets of one organization. */
export class Budgets {
  private readonly rows: BudgetRows
  private readonly book: Book
  private readonly counters: Counters
  private readonly forecasts: Forecasts

  constructor(rows: BudgetRows, book: Book, counters: Counters, forecasts: Forecasts) {
    this.rows = rows
    this.book = book
    this.counters = counters
    this.forecasts = forecasts
  }

  list(nowMs: number): Budget[] {
    const clock = this.forecasts.clock(nowMs)
    return this.book.all(nowMs).map((budget) => budgetView(budget, clock.zone, this.forecasts.of(budget, clock)))
  }

  find(id: string, nowMs: number): Budget | null {
    return this.list(nowMs).find((budget) => budget.id === id) ?? null
  }

  /** With what a page about one budget shows beside. */
  detail(id: string, nowMs: number): BudgetDetail | null {
    const [view, budget] = [this.find(id, nowMs), this.book.find(id, nowMs)]
    if (view === null || budget === null) return null
    const reached = this.rows.reached(id, budget.span.from_ms)
    return {
      ...view,
      thresholds_reached: reached.map(({ percent, hit_ms }) => ({ percent, reached_at: iso(hit_ms) })),
      variance: varianceOf(budget.stored, this.counters, this.rows.zone(), nowMs),
    }
  }

  /** Exact, in order, units without spend left out; null for a budget that does not exist. */
  spending(id: string, { from_ms, to_ms, unit }: SpendRange, nowMs: number): SpendSum[] | null {
    const budget = this.book.find(id, nowMs)
    if (budget === null) return null
    const unit_ms = UNIT_MS[unit]
    return this.counters
      .sums(budget.stored.scope, budget.stored.scope_id, { from_ms, to_ms }, { zero_ms: 0, unit_ms })
      .map(({ at, cost }) => ({ at_ms: at * unit_ms, cost_nanousd: cost.toString() }))
  }

  /** Null for one that does not exist. */
  burnDown(id: string, nowMs: number): ForecastPath | null {
    const budget = this.book.find(id, nowMs)
    return budget && burnDown(budget, this.forecasts, this.counters, this.forecasts.clock(nowMs))
  }

  create(id: string, { scope, ...config }: BudgetCreate, nowMs: number): Budget {
    this.rows.put({ id, scope: scope.type, scope_id: scope.id ?? '', config, created_ms: nowMs })
    return this.reload(id, nowMs)
  }

  update(id: string, change: BudgetUpdate, nowMs: number): Budget | null {
    const stored = this.rows.all().find((one) => one.id === id)
    if (stored === undefined) return null
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    this.rows.put({ ...stored, config: { ...stored.config, ...given } })
    return this.reload(id, nowMs)
  }

  remove(id: string, nowMs: number): boolean {
    if (this.find(id, nowMs) === null) return false
    this.rows.remove(id)
    this.forecasts.remove(id)
    this.book.load(nowMs)
    return true
  }

  setZone(zone: string, nowMs: number): void {
    if (zone === this.rows.zone()) return
    this.rows.setZone(zone)
    this.book.load(nowMs)
  }

  extensions(nowMs: number): Extension[] {
    return this.rows.extensions().map((one) => extensionView(one, nowMs))
  }

  ask(budgetId: string, id: string, input: ExtensionCreate, by: string, nowMs: number): Extension | null {
    if (this.find(budgetId, nowMs) === null) return null
    const asked: StoredExtension = {
      id,
      budget_id: budgetId,
      amount: Number(nano(input.amount_usd)),
      until_ms: Date.parse(input.until),
      state: 'asked',
      reason: input.reason,
      asked_by: by,
      decided_by: null,
      created_ms: nowMs,
      decided_ms: null,
    }
    this.rows.putExtension(asked)
    return extensionView(asked, nowMs)
  }

  decide(id: string, grant: boolean, by: string, nowMs: number): Extension | null {
    const asked = this.rows.extensions().find((one) => one.id === id)
    if (asked === undefined) return null
    if (asked.state !== 'asked') return extensionView(asked, nowMs)
    const decided: StoredExtension = {
      ...asked,
      state: grant ? 'granted' : 'declined',
      decided_by: by,
      decided_ms: nowMs,
    }
    this.rows.putExtension(decided)
    this.book.load(nowMs)
    return extensionView(decided, nowMs)
  }

  private reload(id: string, nowMs: number): Budget {
    this.book.load(nowMs)
    const budget = this.find(id, nowMs)
    if (budget === null) throw new Error('a budget that was just written is not there')
    return budget
  }
}

function extensionView(one: StoredExtension, nowMs: number): Extension {
  const isOver = one.state === 'granted' && one.until_ms <= nowMs
  return {
    id: one.id,
    budget_id: one.budget_id,
    amount_usd: usd(one.amount),
    until: iso(one.until_ms),
    reason: one.reason,
    state: isOver ? 'ended' : one.state,
    asked_by: one.asked_by,
    decided_by: one.decided_by,
    asked_at: iso(one.created_ms),
    decided_at: one.decided_ms === null ? null : iso(one.decided_ms),
  }
}
