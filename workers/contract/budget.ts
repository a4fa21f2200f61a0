/** What budgets can be scoped to. */
export const BUDGET_SCOPES = ['org', 'workspace', 'project', 'agent', 'workflow', 'model', 'provider', 'user'] as const
export type BudgetScope = (typeof BUDGET_SCOPES)[number]

/** Spend that one commit added to an org, grouped; made from the ledger rows that were new. */
export interface SpendDelta {
  /** Start of the UTC quarter hour: fine enough for every IANA zone's days. */
  quarter_ms: number
  workspace_id: string
  project_id: string
  agent_id: string
  workflow_id: string
  provider: string
  model: string
  user_id: string
  cost_nanousd: number
  tokens: number
  entries: number
}

export interface SpendCounter {
  scope: BudgetScope
  id: string
  /** Decimal integers, as strings: sums may pass 2^53. */
  cost_nanousd: string
  tokens: string
  entries: number
}

/** The RPC of the TenantBudget Durable Object (one per org). */
export interface TenantBudgetRpc {
  /** Adds a commit's spend; the second call with one commit_id changes nothing. */
  apply(commitId: string, deltas: SpendDelta[]): Promise<{ applied: boolean }>
  /** Which of these commits have not been applied. */
  missing(commitIds: string[]): Promise<string[]>
  /** Exact counters of every scope over [from_ms, to_ms), quarter-hour aligned. */
  snapshot(range: { from_ms: number; to_ms: number }): Promise<SpendCounter[]>
  /** Compares with the ledger's total and records the difference, which must be zero. */
  reconcile(ledger: {
    cost_nanousd: string
    entries: number
  }): Promise<{ difference_nanousd: string; entries_difference: number }>
}
