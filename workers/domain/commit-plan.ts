import type { BatchHeader } from '../contract/batch.ts'
import type { GuardSpend } from '../contract/budget.ts'
import { SETTLEMENT, type CanonicalEvent } from '../contract/event.ts'
import type { LiveEvent } from '../contract/live.ts'
import { batchRow, ledgerRow, liveEvent, traceRow, type Entry } from './commit-rows.ts'
import { callsOf, type CallTuple } from './control/outcome.ts'
import { leakFinder } from './leak.ts'
import { eventKey, priceOf } from './ledger.ts'
import { addLeak, addMoney, isExact, type MoneyGroups } from './money-groups.ts'
import { countGroups } from './rollup.ts'
import type { PriceBook } from './price-book.ts'
import type { MoneyTuple } from './rollup-row.ts'
import { foldTrace, type TraceFold } from './trace-fold.ts'

/** A batch as it came off the queue: header, canonical events and the bytes they were packed in. */
export interface DecodedBatch {
  header: BatchHeader
  events: CanonicalEvent[]
  /** gzip of the events' JSON. */
  body: Uint8Array
}

/**
 * Rows as JSON tuples, in the order in which the commit's SQL reads them. Sums of money in traces and deltas hold
 * when no entry is in the ledger yet.
 */
export interface CommitPlan {
  ledger: unknown[][]
  batches: unknown[][]
  traces: unknown[][]
  deltas: unknown[][]
  projects: ProjectPart[]
  /** False when a sum passes what a JavaScript number holds exactly. */
  exact: boolean
}

/** What one commit holds for one project: told to the live feed and the metrics sink after it. */
export interface ProjectPart {
  header: BatchHeader
  batches: { batch_id: string; events: number; received_ms: number }[]
  counts: ReturnType<typeof countGroups>
  money: MoneyTuple[]
  /** What its entries cost of reservations, each with the key of its entry. */
  guard: [key: string, ...GuardTuple][]
  /** Calls of models, for circuit breakers. */
  calls: CallTuple[]
  live: LiveEvent[]
  omitted: number
}

export interface PlanTools {
  /** The prices of an organization whose batches are in the group. */
  pricesOf: (orgId: string) => PriceBook
  shortHash: (text: string) => string
  hex: (bytes: Uint8Array) => string
}

/** Live listeners get at most this many events of one commit; the rest is counted as omitted. */
export const LIVE_EVENTS_MAX = 200

/** Turns batches of one shard into the rows of one atomic commit. Pure but for the given tools. */
export function planCommit(group: readonly DecodedBatch[], tools: PlanTools): CommitPlan {
  const plan: CommitPlan = { ledger: [], batches: [], traces: [], deltas: [], projects: [], exact: true }
  for (const batches of byProject(group)) planProject(plan, batches, tools)
  return plan
}

function byProject(group: readonly DecodedBatch[]): DecodedBatch[][] {
  const projects = new Map<string, DecodedBatch[]>()
  for (const batch of group) {
    const own = projects.get(batch.header.project_id)
    if (own) own.push(batch)
    else projects.set(batch.header.project_id, [batch])
  }
  return [...projects.values()]
}

function planProject(plan: CommitPlan, batches: DecodedBatch[], tools: PlanTools): void {
  const first = batches[0]?.header
  if (first === undefined) return
  const folds = new Map<string, TraceFold>()
  const events: CanonicalEvent[] = []
  const live: LiveEvent[] = []
  const prices = tools.pricesOf(first.org_id)
  const paid: Paid = { keys: new Set(), groups: new Map(), guard: [] }
  let minMs = Number.MAX_SAFE_INTEGER
  let maxMs = 0
  for (const batch of batches) for (const event of batch.events) foldTrace(folds, event, batch.header.batch_id)
  for (const batch of batches) {
    const costs: Record<string, [number, string]> = {}
    const findLeak = leakFinder()
    batch.events.forEach((sent, index) => {
      const event = belonging(sent, folds.get(sent.trace_id))
      events.push(event)
      minMs = Math.min(minMs, event.timestamp)
      maxMs = Math.max(maxMs, event.timestamp)
      const priced = priceOf(event, prices)
      const leaked = findLeak(sent, priced)
      if (priced !== null) {
        costs[index] = [priced.cost_nanousd, priced.cost_source]
        book(plan, paid, batch.header, { event, priced, leaked }, folds.get(event.trace_id), tools)
      }
      if (live.length < LIVE_EVENTS_MAX) live.push(liveEvent(event, priced))
    })
    plan.batches.push(batchRow(batch, costs, tools.hex(batch.body)))
  }
  const counts = countGroups(events)
  const calls = callsOf(events, first.received_ms)
  const money = [...paid.groups.values()]
  plan.exact &&= isExact(money)
  const ids = batches.map((b) => ({
    batch_id: b.header.batch_id,
    events: b.events.length,
    received_ms: b.header.received_ms,
  }))
  for (const fold of folds.values()) plan.traces.push(traceRow(first, fold))
  plan.deltas.push([
    first.org_id,
    first.project_id,
    first.workspace_id,
    minMs,
    maxMs,
    events.length,
    JSON.stringify(ids.map((b) => b.batch_id)),
    JSON.stringify(counts),
    JSON.stringify(money),
    paid.guard.length === 0 ? null : JSON.stringify(paid.guard.map(([, ...spend]) => spend)),
    calls.length === 0 ? null : JSON.stringify(calls),
  ])
  plan.projects.push({
    header: first,
    batches: ids,
    counts,
    money,
    guard: paid.guard,
    calls,
    live,
    omitted: events.length - live.length,
  })
}

/** What of one project is in this commit's ledger rows. */
interface Paid {
  keys: Set<string>
  groups: MoneyGroups
  /** Key of the entry, reservation, cost, and whether the guard made it. */
  guard: [key: string, ...GuardTuple][]
}

/** As `delta.guard` holds it. */
export type GuardTuple = [reservation: string, cost: number, booking: 0 | 1]

export function guardSpendOf([reservation_id, cost_nanousd, booking]: GuardTuple): GuardSpend {
  return { reservation_id, cost_nanousd, booking: booking === 1 }
}

/** Adds an event to the ledger and to the sums, unless this commit holds it already. */
function book(
  plan: CommitPlan,
  paid: Paid,
  header: BatchHeader,
  entry: Entry,
  fold: TraceFold | undefined,
  tools: PlanTools,
): void {
  const { event, priced, leaked } = entry
  const key = eventKey(event, tools.shortHash)
  if (paid.keys.has(key)) return
  paid.keys.add(key)
  plan.ledger.push(ledgerRow(header, key, entry))
  addMoney(paid.groups, event, priced)
  if (leaked !== null) addLeak(paid.groups, event, leaked)
  if (event.reservation_id !== undefined)
    paid.guard.push([key, event.reservation_id, priced.cost_nanousd, event.event_type === SETTLEMENT ? 1 : 0])
  if (fold === undefined) return
  if (leaked !== null) fold.leaks.add(leaked.leak)
  if (priced.cost_source === 'unpriced') fold.unpriced++
  fold.cost_nanousd += priced.cost_nanousd
  fold.tokens_prompt += event.tokens_prompt ?? 0
  fold.tokens_completion += event.tokens_completion ?? 0
}

const INHERITED = ['agent_id', 'workflow_id', 'workflow_version', 'user_id', 'environment'] as const

/** A step that does not say whom it worked for belongs to whom its trace names. */
function belonging(event: CanonicalEvent, fold: TraceFold | undefined): CanonicalEvent {
  let out = event
  for (const name of INHERITED) {
    if (out[name] !== undefined || !fold || fold[name] === '') continue
    if (out === event) out = { ...event }
    out[name] = fold[name]
  }
  return out
}
