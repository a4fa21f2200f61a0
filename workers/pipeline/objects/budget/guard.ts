import type { GuardSpend } from '../../../contract/budget.ts'
import type { CallOutcome } from '../../../contract/control.ts'
import {
  TTL_SECONDS_DEFAULT,
  type ReserveBatchAnswer,
  type SettleAnswer,
  type SettleRequest,
  type Work,
} from '../../../contract/guard.ts'
import type { Status } from '../../../contract/event.ts'
import type { ProjectTenant } from '../../../contract/tenant.ts'
import { subjectOf } from '../../../domain/budget/fallback.ts'
import { decide, type Ask, type Subject } from '../../../domain/budget/decide.ts'
import { nothing, release, toBook, unledgered } from '../../../domain/budget/reservation.ts'
import { newCalls, providerFailed } from '../../../domain/control/outcome.ts'
import { newId } from '../../../domain/id.ts'
import { allowed, refused, settledAnswer, stopped } from './answers.ts'
import { nano, type Book, type OpenBudget } from './book.ts'
import type { Asked, Controls } from './controls.ts'
import type { Reservation, ReservationRows } from './reservation-rows.ts'

/** A settled reservation waits this long for its events before the guard books it itself. */
export const BOOK_AFTER_MS = 10_000
const RANDOM_BYTES = 13

interface Asking extends Ask, Asked {
  budgets: OpenBudget[]
  /** What was made before for the same idempotency key. */
  known: Reservation | null
}

export interface GuardTools {
  /** Whether the catalogue has a price for this model. */
  isPriced(provider: string, model: string, atMs: number): boolean
  random(bytes: number): Uint8Array
}

/**
 * Reservations of one organization. Each call is one turn of the object: it is decided on numbers in memory, written,
 * and only then answered, so that spent + reserved never passes a hard limit.
 */
export class Guard {
  private readonly rows: ReservationRows
  private readonly book: Book
  private readonly active: Map<string, Reservation>
  private readonly controls: Controls
  private readonly tools: GuardTools
  private due: number | null = null

  constructor(
    rows: ReservationRows,
    book: Book,
    active: Map<string, Reservation>,
    controls: Controls,
    tools: GuardTools,
  ) {
    this.rows = rows
    this.book = book
    this.active = active
    this.controls = controls
    this.tools = tools
  }

  reserve(tenant: ProjectTenant, works: readonly Work[], nowMs: number): ReserveBatchAnswer {
    const asks = works.map((work): Asking => {
      const subject = subjectOf(tenant, work)
      const known = this.known(tenant, work)
      return {
        work,
        subject,
        known,
        isNew: known === null,
        reservationId: known?.id ?? newId('reservation', nowMs, this.tools.random(RANDOM_BYTES)),
        estimate: nano(work.estimate_usd),
        budgets: this.book.of(subject, nowMs),
        isPriced: !work.model || this.tools.isPriced(work.provider ?? '', work.model, nowMs),
      }
    })
    const budgets = [...new Set(asks.flatMap((ask) => ask.budgets))]
    // First: nobody is asked to approve what may not run anyway.
    const ruling = this.controls.rule(asks, nowMs)
    if (ruling.refused !== null) {
      this.controls.tell(ruling, ruling.refused)
      return stopped(ruling.refused, budgets)
    }
    const verdict = decide(asks.filter(({ isNew }) => isNew))
    if (verdict.decision !== 'allow') return refused(verdict, budgets, this.active.values())
    const made = asks.map((ask) => ask.known ?? this.make(ask, tenant, nowMs))
    return allowed(made, budgets, this.controls.keep(ruling))
  }

  /** Null for one that does not exist in this project. */
  settle(tenant: ProjectTenant, request: SettleRequest, nowMs: number): [SettleAnswer, OpenBudget[]] | null {
    const before = this.find(request.reservation_id)
    if (before?.subject.project !== tenant.project_id) return null
    const isFinal = request.final !== false
    const key = request.idempotency_key ?? null
    const isRepeated = key !== null && before.parts.includes(key)
    // Its end is told once; parts are told apart by their keys.
    if (isRepeated || before.told) return [settledAnswer(before, true, this.book.of(before.subject, nowMs)), []]
    const cost = nano(request.cost_usd)
    const after: Reservation = {
      ...before,
      settled: before.settled + cost,
      held: before.state === 'open' ? release(before.held, cost, isFinal) : 0n,
      state: isFinal ? 'settled' : before.state,
      told: isFinal,
      parts: key === null ? before.parts : [...before.parts, key],
      spent_ms: nowMs,
    }
    if (request.status) this.told(after, request.status, request.error_type ?? undefined, nowMs)
    const touched = this.write(before, after, nowMs)
    return [settledAnswer(after, false, this.book.of(after.subject, nowMs)), touched]
  }

  /** Teaches circuit breakers how calls of models ended, but for those of which a settle call told. */
  learn(calls: readonly CallOutcome[], nowMs: number): void {
    const news = calls.flatMap((outcome) => {
      const subject = subjectOf(outcome, outcome)
      const before = outcome.reservation_id === '' ? null : this.find(outcome.reservation_id)
      if (before === null) return [{ subject, outcome }]
      const known = completed(before.subject, subject)
      if (!this.controls.isTaught(known)) return []
      const after = { ...before, calls_seen: before.calls_seen + outcome.requests }
      this.write(before, after, nowMs)
      const requests = newCalls(before, after)
      return [{ subject: known, outcome: { ...outcome, requests, errors: Math.min(outcome.errors, requests) } }]
    })
    const heard = news.filter(({ outcome }) => outcome.requests > 0)
    if (heard.length > 0) this.controls.learn(heard, nowMs)
  }

  /** An admin lets go of what a reservation holds. Null for one that does not exist or holds nothing. */
  release(id: string, nowMs: number): Reservation | null {
    const before = this.find(id)
    if (before?.state !== 'open') return null
    const after: Reservation = { ...before, state: 'released', held: 0n }
    this.write(before, after, nowMs)
    return after
  }

  /** Notes what new ledger rows cost of reservations; an event ends its reservation unless that pays several. */
  ledger(spends: readonly GuardSpend[], nowMs: number): OpenBudget[] {
    return spends.flatMap(({ reservation_id, cost_nanousd, booking }) => {
      const before = this.find(reservation_id)
      if (before === null) return []
      const cost = BigInt(cost_nanousd)
      const after = booking
        ? { ...before, confirmed: before.confirmed + cost }
        : {
            ...before,
            evented: before.evented + cost,
            held: before.state === 'open' ? release(before.held, cost, !before.partial) : 0n,
            state: before.state === 'open' && !before.partial ? ('settled' as const) : before.state,
            spent_ms: before.spent_ms ?? nowMs,
          }
      return this.write(before, after, nowMs)
    })
  }

  /** Lets go of what nobody settled in time. */
  expire(nowMs: number): OpenBudget[] {
    const due = [...this.active.values()].filter((r) => r.state === 'open' && r.expires_ms <= nowMs)
    return due.flatMap((before) => this.write(before, { ...before, state: 'expired', held: 0n }, nowMs))
  }

  /** What was settled and no event has brought: to be sent to the ledger, and noted as sent. */
  takeBookings(nowMs: number): { reservation: Reservation; amount: bigint }[] {
    const taken = [...this.active.values()].flatMap((before) => {
      const amount = toBook(before)
      if (amount === 0n || before.state === 'open' || (before.spent_ms ?? 0) + BOOK_AFTER_MS > nowMs) return []
      const after = { ...before, booked: before.booked + amount, bookings: before.bookings + 1 }
      this.write(before, after, nowMs)
      return [{ reservation: after, amount }]
    })
    this.look()
    return taken
  }

  /** When there is something to expire or to book next, or before: an alarm is never moved to later either. */
  nextDue(): number | null {
    return this.due
  }

  /** Reads reservations anew: at the start, after a failure, and when somebody else has changed them. */
  load(): void {
    this.active.clear()
    for (const reservation of this.rows.active()) this.active.set(reservation.id, reservation)
    this.look()
  }

  private look(): void {
    this.due = null
    for (const r of this.active.values()) this.dueBy(r)
  }

  private known(tenant: ProjectTenant, work: Work): Reservation | null {
    return work.idempotency_key ? this.rows.byIdempotency(`${tenant.project_id}\n${work.idempotency_key}`) : null
  }

  private make({ work, subject, estimate, reservationId }: Asking, tenant: ProjectTenant, nowMs: number): Reservation {
    const made: Reservation = {
      id: reservationId,
      state: 'open',
      partial: work.partial === true,
      told: false,
      estimate,
      subject,
      trace_id: work.trace_id ?? null,
      idempotency: work.idempotency_key ? `${tenant.project_id}\n${work.idempotency_key}` : null,
      parts: [],
      bookings: 0,
      created_ms: nowMs,
      expires_ms: nowMs + (work.ttl_s ?? TTL_SECONDS_DEFAULT) * 1000,
      spent_ms: null,
      calls_told: 0,
      calls_seen: 0,
      ...nothing(estimate),
    }
    this.write(null, made, nowMs)
    return made
  }

  /** Changes what will be written of a reservation: how many outcomes were told. */
  private told(r: Reservation, status: Status, errorType: string | undefined, nowMs: number): void {
    const failed = providerFailed(status, errorType)
    if (failed === null || (r.subject.provider === '' && r.subject.model === '')) return
    const before = { ...r }
    r.calls_told++
    if (newCalls(before, r) === 0) return
    const outcome = { at_ms: nowMs, reservation_id: r.id, requests: 1, errors: failed ? 1 : 0 }
    this.controls.learn([{ subject: r.subject, outcome }], nowMs)
  }

  private dueBy(r: Reservation): void {
    const at = r.state === 'open' ? r.expires_ms : toBook(r) === 0n ? null : (r.spent_ms ?? 0) + BOOK_AFTER_MS
    if (at !== null && (this.due === null || at < this.due)) this.due = at
  }

  private find(id: string): Reservation | null {
    return this.active.get(id) ?? this.rows.find(id)
  }

  /** Table first: when it throws, memory has not changed. */
  private write(before: Reservation | null, after: Reservation, nowMs: number): OpenBudget[] {
    this.book.turn(nowMs)
    const isActive = after.state === 'open' || unledgered(after) !== 0n || toBook(after) !== 0n
    if (before === null) this.rows.add(after, isActive)
    else if (isActive === this.active.has(after.id)) this.rows.update(after)
    else this.rows.updateActive(after, isActive)
    if (isActive) {
      this.active.set(after.id, after)
      this.dueBy(after)
    } else this.active.delete(after.id)
    if (before?.state === 'open' && after.state !== 'open') this.controls.ended(after.id, nowMs)
    return this.book.change(before, after, nowMs)
  }
}

/** What was asked for, and of the rest what an event says: breakers go by the provider and model that were asked for. */
function completed(asked: Subject, told: Subject): Subject {
  const { provider, model } = asked.provider === '' && asked.model === '' ? told : asked
  const filled = Object.entries(asked).map(([scope, id]) => [scope, id === '' ? told[scope as keyof Subject] : id])
  return { ...(Object.fromEntries(filled) as Subject), provider, model }
}
