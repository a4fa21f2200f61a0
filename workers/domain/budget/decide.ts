import type { BudgetScope, OnLimit } from '../../contract/budget.ts'

/** Whom a request or an amount is for; an empty id names nobody. */
export type Subject = Record<Exclude<BudgetScope, 'org'>, string>

/** A budget in its present period, in nano-dollars. */
export interface BudgetState {
  id: string
  hard: boolean
  on_limit: OnLimit
  unpriced: 'allow' | 'refuse'
  /** With the extension that is in force. */
  limit: bigint
  spent: bigint
  reserved: bigint
}

export type Refusal = 'budget_exceeded' | 'unpriced_model'

export interface Verdict {
  decision: 'allow' | 'deny' | 'escalate'
  reason: Refusal | null
  /** The budgets that refuse; empty when none does. */
  refused_by: BudgetState[]
}

/** What a request asks for: how much, of which budgets, and whether its model has a price. */
export interface Ask {
  estimate: bigint
  budgets: readonly BudgetState[]
  isPriced: boolean
}

/** Every scope that a subject falls under, as keys of an index. */
export function scopeKeys(subject: Subject): string[] {
  const keys = ['org\n']
  for (const [scope, id] of Object.entries(subject)) if (id !== '') keys.push(`${scope}\n${id}`)
  return keys
}

/**
 * Decides over requests that are made together: all are let in, or none. Each hard budget must have room for all that
 * is asked of it. Where one that blocks refuses, nobody is asked for approval.
 */
export function decide(asks: readonly Ask[]): Verdict {
  const wanted = new Map<BudgetState, bigint>()
  const unpriced = new Set<BudgetState>()
  for (const { estimate, budgets, isPriced } of asks) {
    for (const budget of budgets) {
      wanted.set(budget, (wanted.get(budget) ?? 0n) + estimate)
      if (!isPriced && budget.unpriced === 'refuse') unpriced.add(budget)
    }
  }
  if (unpriced.size > 0) return { decision: 'deny', reason: 'unpriced_model', refused_by: [...unpriced] }
  const full = [...wanted].filter(([budget, sum]) => budget.hard && budget.spent + budget.reserved + sum > budget.limit)
  if (full.length === 0) return { decision: 'allow', reason: null, refused_by: [] }
  const refused_by = full.map(([budget]) => budget)
  const isForPeople = refused_by.every(({ on_limit }) => on_limit === 'approve')
  return { decision: isForPeople ? 'escalate' : 'deny', reason: 'budget_exceeded', refused_by }
}

/** Thresholds (percent of the limit) that a spend reaches. */
export function reached(thresholds: readonly number[], spent: bigint, limit: bigint): number[] {
  return thresholds.filter((percent) => spent * 100n >= limit * BigInt(percent))
}
