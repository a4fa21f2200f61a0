import type { SpendDelta } from '../../../contract/budget.ts'
import { nanoFromUsd } from '../../../domain/money.ts'
import { reached, scopeKeys, type BudgetState, type Subject } from '../../../domain/budget/decide.ts'
import { periodAt, type Span } from '../../../domain/budget/period.ts'
import { unledgered } from '../../../domain/budget/reservation.ts'
import type { BudgetRows, StoredBudget, StoredExtension } from './budget-rows.ts'
import type { Counters } from './counters.ts'
import type { Reservation } from './reservation-rows.ts'

/** A budget with what is known of its present period. */
export interface OpenBudget extends BudgetState {
  stored: StoredBudget
  span: Span
  extension: StoredExtension | null
  /** Percents that were reached in this period. */
  hits: Set<number>
}

/** An amount that was spent: how much, for whom, when. */
export interface Spend {
  subject: Subject
  at_ms: number
  cost: bigint
}

/** What a threshold event tells. */
export interface Hit {
  budget: OpenBudget
  percent: number
}

/**
 * Budgets in memory: what each has spent and reserved in its present period, kept in step with the tables. A decision
 * reads these numbers only, so its cost does not grow with history.
 */
export class Book {
  private readonly rows: BudgetRows
  private readonly counters: Counters
  private readonly active: ReadonlyMap<string, Reservation>
  private budgets: OpenBudget[] = []
  private byScope = new Map<string, OpenBudget[]>()

  constructor(rows: BudgetRows, counters: Counters, active: ReadonlyMap<string, Reservation>) {
    this.rows = rows
    this.counters = counters
    this.active = active
  }

  /** Reads everything anew: at the start, and when a budget or the zone has changed. */
  load(nowMs: number): void {
    const zone = this.rows.zone()
    const granted = this.rows.extensions().filter(({ state }) => state === 'granted')
    this.budgets = this.rows.all().map((stored) => this.open(stored, zone, granted, nowMs))
    this.byScope = new Map()
    for (const budget of this.budgets) {
      const key = `${budget.stored.scope}\n${budget.stored.scope_id}`
      this.byScope.set(key, [...(this.byScope.get(key) ?? []), budget])
    }
  }

  isEmpty(): boolean {
    return this.budgets.length === 0
  }

  all(nowMs: number): OpenBudget[] {
    this.turn(nowMs)
    return this.budgets
  }

  find(id: string, nowMs: number): OpenBudget | null {
    return this.all(nowMs).find((budget) => budget.id === id) ?? null
  }

  /** The budgets that a subject falls under, in their present periods. */
  of(subject: Subject, nowMs: number): OpenBudget[] {
    this.turn(nowMs)
    return this.matching(subject)
  }

  /** Adds what was spent to the budgets whose present period it falls into, and answers those. */
  spend({ subject, at_ms, cost }: Spend, nowMs: number): OpenBudget[] {
    const touched = this.of(subject, nowMs).filter(({ span }) => at_ms >= span.from_ms && at_ms < span.to_ms)
    for (const budget of touched) budget.spent += cost
    return touched
  }

  /** Takes a reservation from what it was to what it is. */
  change(before: Reservation | null, after: Reservation | null, nowMs: number): OpenBudget[] {
    const touched = this.count(before, -1n, nowMs)
    for (const budget of this.count(after, 1n, nowMs)) touched.add(budget)
    return [...touched]
  }

  /** Thresholds that these budgets have reached for the first time in their period. */
  newHits(budgets: readonly OpenBudget[], nowMs: number): Hit[] {
    return budgets.flatMap((budget) =>
      reached(budget.stored.config.thresholds, budget.spent, budget.limit)
        .filter((percent) => !budget.hits.has(percent))
        .filter((percent) => {
          budget.hits.add(percent)
          return this.rows.hit(budget.id, budget.span.from_ms, percent, nowMs)
        })
        .map((percent) => ({ budget, percent })),
    )
  }

  /**
   * A period that is over makes room for the next; an extension that is over goes. Called before anything is written,
   * since it reads the tables.
   */
  turn(nowMs: number): void {
    const isOver = ({ span, extension }: OpenBudget) =>
      nowMs >= span.to_ms || (extension !== null && nowMs >= extension.until_ms)
    if (this.budgets.some(isOver)) this.load(nowMs)
  }

  private matching(subject: Subject): OpenBudget[] {
    if (this.budgets.length === 0) return []
    return scopeKeys(subject).flatMap((key) => this.byScope.get(key) ?? [])
  }

  private count(reservation: Reservation | null, sign: bigint, nowMs: number): Set<OpenBudget> {
    if (reservation === null) return new Set()
    const budgets = this.of(reservation.subject, nowMs)
    for (const budget of budgets) addTo(budget, reservation, sign)
    return new Set(budgets)
  }

  private open(stored: StoredBudget, zone: string, granted: readonly StoredExtension[], nowMs: number): OpenBudget {
    const { id, scope, scope_id, config } = stored
    const span = periodAt(config.period, zone, nowMs)
    const extension = granted.find((one) => one.budget_id === id && one.until_ms > nowMs) ?? null
    const budget: OpenBudget = {
      id,
      stored,
      span,
      extension,
      hard: config.hard,
      on_limit: config.on_limit,
      unpriced: config.unpriced,
      limit: nano(config.limit_usd) + BigInt(extension?.amount ?? 0),
      spent: this.counters.spent(scope, scope_id, span.from_ms, span.to_ms),
      reserved: 0n,
      hits: new Set(this.rows.hits(id, span.from_ms)),
    }
    const key = `${scope}\n${scope_id}`
    for (const reservation of this.active.values())
      if (scopeKeys(reservation.subject).includes(key)) addTo(budget, reservation, 1n)
    return budget
  }
}

/** What is held counts in the present period; what is spent and not in the ledger, in the period of its moment. */
function addTo(budget: OpenBudget, reservation: Reservation, sign: bigint): void {
  budget.reserved += sign * reservation.held
  const { spent_ms } = reservation
  if (spent_ms === null || spent_ms < budget.span.from_ms || spent_ms >= budget.span.to_ms) return
  budget.spent += sign * unledgered(reservation)
}

export function nano(usd: string): bigint {
  const amount = nanoFromUsd(usd)
  if (amount === null) throw new Error('not an amount of US dollars')
  return BigInt(amount)
}

/** What a commit added, as an amount of a subject. */
export function spendOf({ quarter_ms, cost_nanousd, ...delta }: SpendDelta): Spend {
  const { workspace_id: workspace, project_id: project, agent_id: agent, workflow_id: workflow } = delta
  const { provider, model, user_id: user } = delta
  return {
    subject: { workspace, project, agent, workflow, provider, model, user },
    at_ms: quarter_ms,
    cost: BigInt(cost_nanousd),
  }
}
