/** What one group of ledger entries sums to; nano-dollars as bigint. */
export interface Total {
  cost: bigint
  entries: number
  prompt: number
  completion: number
}

/** Dimensions that both the spend and the metrics routes can group by. */
export const GROUPS = ['agent', 'workflow', 'model', 'provider', 'user'] as const
export type Group = (typeof GROUPS)[number]

/** One cost-bearing event as the sender knows it, priced by the sender's own arithmetic. */
export interface Entry extends Record<Group, string> {
  /** The same event twice has the same identity. */
  identity: string
  cost: bigint
  prompt: number
  completion: number
}

/** What must be found at the end. Everything is kept per organization. */
export class Totals {
  readonly total: Total = emptyTotal()
  readonly groups = new Map<Group, Map<string, Total>>(GROUPS.map((group) => [group, new Map<string, Total>()]))
  events = 0
  batches = 0
  requests = 0
  llmCalls = 0
  readonly traceIds = new Set<string>()
  readonly #paid = new Set<string>()

  /** Counts a ledger entry unless the same event was counted before. */
  pay(entry: Entry): void {
    if (this.#paid.has(entry.identity)) return
    this.#paid.add(entry.identity)
    add(this.total, entry)
    for (const [group, totals] of this.groups) {
      let total = totals.get(entry[group])
      if (total === undefined) totals.set(entry[group], (total = emptyTotal()))
      add(total, entry)
    }
  }
}

function emptyTotal(): Total {
  return { cost: 0n, entries: 0, prompt: 0, completion: 0 }
}

function add(total: Total, entry: Entry): void {
  total.cost += entry.cost
  total.entries++
  total.prompt += entry.prompt
  total.completion += entry.completion
}

/** Nano-dollars → US dollars with nine decimals. */
export function usdOf(nano: bigint): string {
  const digits = nano.toString().padStart(10, '0')
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`
}
