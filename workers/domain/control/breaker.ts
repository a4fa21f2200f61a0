import type { BreakerRule, BreakerState } from '../../contract/control.ts'

/**
 * A circuit breaker as M. Nygard describes it (Release It!, 2nd ed., 5.2): closed until too large a share of calls
 * failed, open for a while, then half open for some probes, which close or open it again. Times are epoch milliseconds.
 */
export interface Breaker {
  state: BreakerState
  /** Since when; 0 for one that has never changed. */
  since_ms: number
  /** Of an open one: when it lets probes in. */
  until_ms: number | null
  /** What opened it last. */
  rate: number | null
  requests: number | null
  /** While closed, the calls of its window: start of a slot, calls, errors; in order of time. */
  slots: [at_ms: number, requests: number, errors: number][]
  /** Half open: reservations that were let in and not answered. */
  probes: string[]
  /** Half open: calls that succeeded. */
  succeeded: number
  /** How often it changed its state. */
  changes: number
}

/** Calls that ended at one moment. */
export interface Outcome {
  at_ms: number
  requests: number
  errors: number
  reservation_id: string
}

/** A window is kept in this many slots: what is counted may be one slot older than the window. */
const SLOTS = 20
const SLOT_MS_MIN = 1000

export const untouched: Breaker = {
  state: 'closed',
  since_ms: 0,
  until_ms: null,
  rate: null,
  requests: null,
  slots: [],
  probes: [],
  succeeded: 0,
  changes: 0,
}

/** As it is now: an open one whose time is over is half open. */
export function atTime(breaker: Breaker, nowMs: number): Breaker {
  const { state, until_ms } = breaker
  if (state !== 'open' || until_ms === null || nowMs < until_ms) return breaker
  return change(breaker, 'half_open', until_ms)
}

/** With this work let in, or null where it is refused. */
export function letIn(given: Breaker, rule: BreakerRule, reservationId: string, nowMs: number): Breaker | null {
  const breaker = atTime(given, nowMs)
  if (breaker.state === 'closed') return breaker
  if (breaker.state === 'open' || breaker.probes.length + breaker.succeeded >= rule.half_open_max) return null
  return { ...breaker, probes: [...breaker.probes, reservationId] }
}

/** With the outcome of calls. What ended before the present state began says nothing of it. */
export function learn(given: Breaker, rule: BreakerRule, outcome: Outcome, nowMs: number): Breaker {
  const breaker = atTime(given, nowMs)
  const at_ms = Math.min(outcome.at_ms, nowMs)
  if (breaker.state === 'open') return breaker
  if (breaker.state === 'half_open') return probed(breaker, rule, outcome, nowMs)
  if (at_ms < breaker.since_ms || at_ms <= nowMs - rule.window_s * 1000) return breaker
  const slots = withinWindow(added(breaker.slots, slotOf(at_ms, rule), outcome), rule, nowMs)
  const { requests, errors } = sumOf(slots)
  const rate = requests === 0 ? 0 : errors / requests
  if (errors === 0 || requests < rule.min_requests || rate < rule.error_rate) return { ...breaker, slots }
  return opened(breaker, rule, rate, requests, nowMs)
}

/** A probe that ended without a word of its outcome makes room for another. */
export function giveBack(breaker: Breaker, reservationId: string): Breaker {
  if (!breaker.probes.includes(reservationId)) return breaker
  return { ...breaker, probes: breaker.probes.filter((id) => id !== reservationId) }
}

/** Closed by hand. */
export function reset(breaker: Breaker, nowMs: number): Breaker {
  const { state } = atTime(breaker, nowMs)
  return state === 'closed' ? { ...breaker, slots: [] } : change(breaker, 'closed', nowMs)
}

/** What its present window holds. */
export function windowOf(breaker: Breaker, rule: BreakerRule, nowMs: number): { requests: number; errors: number } {
  return sumOf(withinWindow(breaker.slots, rule, nowMs))
}

function probed(breaker: Breaker, rule: BreakerRule, outcome: Outcome, nowMs: number): Breaker {
  const isProbe = breaker.probes.includes(outcome.reservation_id)
  if (!isProbe && outcome.at_ms < breaker.since_ms) return breaker
  const succeeded = breaker.succeeded + outcome.requests - outcome.errors
  const requests = breaker.succeeded + outcome.requests
  if (outcome.errors > 0) return opened(breaker, rule, outcome.errors / requests, requests, nowMs)
  if (succeeded >= rule.half_open_max) return change(breaker, 'closed', nowMs)
  return { ...giveBack(breaker, outcome.reservation_id), succeeded }
}

function opened(breaker: Breaker, rule: BreakerRule, rate: number, requests: number, nowMs: number): Breaker {
  return { ...change(breaker, 'open', nowMs), until_ms: nowMs + rule.open_s * 1000, rate, requests }
}

function change(breaker: Breaker, state: BreakerState, since_ms: number): Breaker {
  const { rate, requests, changes } = breaker
  return { ...untouched, state, since_ms, rate, requests, changes: changes + 1 }
}

function slotOf(atMs: number, { window_s }: BreakerRule): number {
  const width = Math.max(SLOT_MS_MIN, (window_s * 1000) / SLOTS)
  return Math.floor(atMs / width) * width
}

function added(slots: Breaker['slots'], slot: number, { requests, errors }: Outcome): Breaker['slots'] {
  if (!slots.some(([at]) => at === slot)) {
    const next: Breaker['slots'] = [...slots, [slot, requests, errors]]
    return next.sort(([a], [b]) => a - b)
  }
  return slots.map(([at, n, e]) => (at === slot ? [at, n + requests, e + errors] : [at, n, e]))
}

function withinWindow(slots: Breaker['slots'], rule: BreakerRule, nowMs: number): Breaker['slots'] {
  const oldest = slotOf(nowMs - rule.window_s * 1000, rule)
  return slots.filter(([at]) => at >= oldest)
}

function sumOf(slots: Breaker['slots']): { requests: number; errors: number } {
  return slots.reduce((sum, [, n, e]) => ({ requests: sum.requests + n, errors: sum.errors + e }), {
    requests: 0,
    errors: 0,
  })
}
