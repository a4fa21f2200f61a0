import { DurableObject } from 'cloudflare:workers'
import type {
  BudgetCreate,
  BudgetsRpc,
  BudgetUpdate,
  ExtensionCreate,
  GuardSpend,
  SpendDelta,
  SpendRange,
  TenantBudgetRpc,
} from '../../contract/budget.ts'
import type { CallOutcome, ControlCreate, ControlsRpc, ControlUpdate } from '../../contract/control.ts'
import type { ErasableRpc } from '../../contract/erasure.ts'
import type { GuardRpc, SettleRequest, Work } from '../../contract/guard.ts'
import type { Digest, ObjectPage, PortableRpc } from '../../contract/move.ts'
import type { ProjectTenant, Tenant } from '../../contract/tenant.ts'
import { eraserOf } from '../../domain/erase.ts'
import { guardTools, priceTools, sendOutgoing, type Env } from '../deps.ts'
import { forecastTools } from '../deps-forecast.ts'
import { Alarm } from './budget/alarm.ts'
import { reservationView } from './budget/answers.ts'
import { Book, spendOf, type OpenBudget } from './budget/book.ts'
import { BudgetRows } from './budget/budget-rows.ts'
import { Breakers } from './budget/breakers.ts'
import { Budgets } from './budget/budgets.ts'
import { ControlRows } from './budget/control-rows.ts'
import { Controls } from './budget/controls.ts'
import { Counters } from './budget/counters.ts'
import { ForecastRows } from './budget/forecast-rows.ts'
import { Forecasts } from './budget/forecasts.ts'
import { settlementEvent, thresholdEvent } from './budget/events.ts'
import { Guard } from './budget/guard.ts'
import { KnownPrices } from './budget/known-prices.ts'
import { Outbox } from './budget/outbox.ts'
import { Place } from './budget/place.ts'
import { Pruning } from './budget/pruning.ts'
import { ReservationRows, type Reservation } from './budget/reservation-rows.ts'
import { Together } from './budget/together.ts'
import { eraseCounters } from './erase-counters.ts'
import { eraseTexts } from './erase-texts.ts'
import { Portable } from './portable.ts'

const DAY_MS = 86_400_000
const AGAIN_MS = 2_000
/** Fits of forecasts that one reading waits for, and that one alarm makes. */
const FITS_READ_MAX = 4
const FITS_ALARM_MAX = 50

type All = TenantBudgetRpc & BudgetsRpc & ControlsRpc & GuardRpc & PortableRpc & ErasableRpc

/**
 * The money of one organization: exact spend by scope and quarter hour, budgets, and what agents have reserved. Every
 * decision is one turn of this object, in memory and in its tables.
 */
export class TenantBudget extends DurableObject<Env> implements All {
  private readonly counters: Counters
  private readonly active = new Map<string, Reservation>()
  private readonly book: Book
  private readonly forecasts: Forecasts
  private readonly people: Budgets
  private readonly runtime: Controls
  private readonly prices: KnownPrices
  private readonly guard: Guard
  private readonly outbox: Outbox
  private readonly portable: Portable
  private readonly place: Place
  private readonly clock: Alarm
  private readonly together = new Together()
  private readonly pruning: Pruning

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    const { sql } = ctx.storage
    const budgets = new BudgetRows(sql)
    this.counters = new Counters(ctx.storage)
    const reservations = new ReservationRows(sql)
    this.outbox = new Outbox(ctx.storage)
    this.book = new Book(budgets, this.counters, this.active)
    this.forecasts = new Forecasts(new ForecastRows(sql), budgets, this.counters, this.book, forecastTools)
    this.people = new Budgets(budgets, this.book, this.counters, this.forecasts)
    const controls = new ControlRows(sql)
    this.runtime = new Controls(controls, new Breakers(controls, guardTools.hash), this.outbox, guardTools)
    this.prices = new KnownPrices(priceTools(env))
    this.guard = new Guard(reservations, this.book, this.active, this.runtime, this.prices.with(guardTools))
    this.place = new Place(sql)
    this.clock = new Alarm(ctx.storage)
    this.pruning = new Pruning([this.counters, reservations, this.runtime])
    this.portable = new Portable(sql, [Place.TABLE, ForecastRows.TABLE])
    this.reload()
  }

  async apply(
    commitId: string,
    deltas: SpendDelta[],
    more: { tenant?: Tenant; guard?: GuardSpend[]; calls?: CallOutcome[] } = {},
  ): Promise<{ applied: boolean }> {
    const now = Date.now()
    if (more.tenant) this.place.set(more.tenant)
    const applied = this.turn(() => {
      this.book.turn(now)
      if (!this.counters.add(commitId, deltas, now)) return false
      this.counters.foldWhenMany()
      for (const delta of deltas) this.tell(this.book.spend(spendOf(delta), now), delta, now)
      // Before the reservations of these calls end.
      if (more.calls?.length) this.guard.learn(more.calls, now)
      if (more.guard?.length) this.tell(this.guard.ledger(more.guard, now), deltas[0] ?? null, now)
      return true
    })
    if (applied) await this.schedule(now + DAY_MS)
    return { applied }
  }

  async missing(commitIds: string[]) {
    return this.counters.missing(commitIds)
  }

  async snapshot(range: { from_ms: number; to_ms: number }) {
    return this.counters.snapshot(range)
  }

  async forgetPrices(tenant: Tenant) {
    this.prices.forget(tenant)
  }

  async reconcile(ledger: { cost_nanousd: string; entries: number }) {
    return this.counters.reconcile(ledger, Date.now())
  }

  async reserve(tenant: ProjectTenant, works: Work[]) {
    await this.prices.learn(tenant, works)
    const now = await this.together.here()
    this.place.set(tenant)
    const answer = this.turn(() => this.guard.reserve(tenant, works, now))
    await this.schedule(now + DAY_MS)
    return answer
  }

  async settle(tenant: ProjectTenant, request: SettleRequest) {
    const now = await this.together.here()
    this.place.set(tenant)
    const settled = this.turn(() => {
      const found = this.guard.settle(tenant, request, now)
      if (found !== null) this.tell(found[1], tenant, now)
      return found
    })
    await this.schedule(now + DAY_MS)
    return settled && settled[0]
  }

  async budgets() {
    return this.people.list(Date.now())
  }

  async foreseen() {
    await this.forecasts.refresh(Date.now(), FITS_READ_MAX)
    if (this.forecasts.isWanted()) await this.schedule(Date.now())
    return this.people.list(Date.now())
  }

  async budget(id: string) {
    return this.people.find(id, Date.now())
  }

  async spending(id: string, range: SpendRange) {
    return this.people.spending(id, range, Date.now())
  }

  async detail(id: string) {
    await this.forecasts.refreshOne(id, Date.now())
    return this.people.detail(id, Date.now())
  }

  async forecast(id: string) {
    await this.forecasts.refreshOne(id, Date.now())
    return this.people.burnDown(id, Date.now())
  }

  async create(tenant: Tenant, id: string, zone: string, input: BudgetCreate) {
    this.place.set(tenant)
    return this.turn(() => {
      this.people.setZone(zone, Date.now())
      return this.people.create(id, input, Date.now())
    })
  }

  async update(id: string, change: BudgetUpdate) {
    return this.turn(() => this.people.update(id, change, Date.now()))
  }

  async remove(id: string) {
    return this.turn(() => this.people.remove(id, Date.now()))
  }

  async setZone(zone: string) {
    this.turn(() => this.people.setZone(zone, Date.now()))
  }

  async reservations(limit: number) {
    const all = [...this.active.values()].sort((a, b) => (a.held === b.held ? 0 : a.held > b.held ? -1 : 1))
    return all.slice(0, limit).map(reservationView)
  }

  async release(id: string) {
    const released = this.turn(() => this.guard.release(id, Date.now()))
    return released && reservationView(released)
  }

  async extensions() {
    return this.people.extensions(Date.now())
  }

  async ask(budgetId: string, id: string, input: ExtensionCreate, by: string) {
    return this.turn(() => this.people.ask(budgetId, id, input, by, Date.now()))
  }

  async decide(id: string, grant: boolean, by: string) {
    return this.turn(() => this.people.decide(id, grant, by, Date.now()))
  }

  async controls() {
    return this.runtime.list()
  }

  async createControl(tenant: Tenant, id: string, input: ControlCreate) {
    this.place.set(tenant)
    return this.turn(() => this.runtime.create(id, input, Date.now()))
  }

  async updateControl(id: string, change: ControlUpdate) {
    return this.turn(() => this.runtime.update(id, change))
  }

  async removeControl(id: string) {
    return this.turn(() => this.runtime.remove(id))
  }

  async breakers() {
    return this.runtime.breakerList(Date.now())
  }

  async resetBreaker(tenant: Tenant, id: string) {
    const now = Date.now()
    this.place.set(tenant)
    const closed = this.turn(() => this.runtime.resetBreaker(id, now))
    await this.schedule(now + DAY_MS)
    return closed
  }

  async erase(subject: string, token: string) {
    this.counters.fold()
    const eraser = eraserOf(subject, token)
    const counters = eraseCounters(this.ctx.storage, eraser)
    const texts = eraseTexts(this.ctx.storage.sql, eraser)
    this.reload()
    return { scanned: counters.scanned + texts.scanned, changed: counters.changed + texts.changed }
  }

  async exportRows(cursor: string | null): Promise<ObjectPage | null> {
    if (cursor === null) this.counters.fold()
    return this.portable.exportRows(cursor)
  }

  async importRows(tenant: Tenant, table: string, rows: string): Promise<void> {
    this.place.set(tenant)
    this.portable.importRows(table, rows)
    this.counters.recount()
    this.reload()
    await this.schedule(Date.now() + DAY_MS)
  }

  async digest(): Promise<Record<string, Digest>> {
    this.counters.fold()
    return this.portable.digest()
  }

  async wipe(): Promise<void> {
    this.portable.wipe()
    this.counters.recount()
    this.place.reload()
    this.reload()
    await this.clock.clear()
  }

  override async alarm(): Promise<void> {
    const now = Date.now()
    this.clock.rang(now)
    const isMore = this.turn(() => {
      this.counters.fold()
      this.guard.expire(now)
      this.bookSettled(now)
      return this.pruning.turn(now)
    })
    const isSent = await this.flush()
    if (this.forecasts.isWanted()) await this.forecasts.refresh(now, FITS_ALARM_MAX)
    await this.schedule(now + (isMore || !isSent || this.forecasts.isWanted() ? AGAIN_MS : DAY_MS))
  }

  /** What is noted as sent is kept for sending in the same turn. */
  private bookSettled(nowMs: number): void {
    if (this.place.get() === null) return
    for (const { reservation, amount } of this.guard.takeBookings(nowMs))
      this.outbox.put(settlementEvent(reservation, amount))
  }

  /** All that is written in it, or nothing; after a failure memory is read anew from the tables. */
  private turn<T>(work: () => T): T {
    try {
      return this.ctx.storage.transactionSync(() => {
        const done = work()
        this.outbox.keep(Date.now())
        return done
      })
    } catch (error) {
      this.place.reload()
      this.reload()
      throw error
    }
  }

  private reload(): void {
    this.guard.load()
    this.forecasts.forget()
    this.book.load(Date.now())
    this.runtime.load()
    this.outbox.load(Date.now())
  }

  /** Keeps the events of thresholds that were reached; the project is that of whoever spent last. */
  private tell(
    budgets: readonly OpenBudget[],
    cause: { workspace_id: string; project_id: string } | null,
    nowMs: number,
  ): void {
    if (budgets.length === 0 || cause === null) return
    for (const hit of this.book.newHits(budgets, nowMs)) this.outbox.put(thresholdEvent(hit, cause, nowMs))
  }

  private async flush(): Promise<boolean> {
    const place = this.place.get()
    try {
      if (place !== null) await this.outbox.flush((batch) => sendOutgoing(this.env, place, batch))
      return true
    } catch {
      return false
    }
  }

  /** Sets the alarm to whatever comes first: expiry, booking, events to send, or `latest`. */
  private async schedule(latest: number): Promise<void> {
    // Before anybody has said whose it is, it can expire nothing and send nothing.
    const isNobodys = this.place.get() === null
    const due = isNobodys ? [] : [this.outbox.nextDue() ?? latest, this.clock.unhurried(this.guard.nextDue() ?? latest)]
    await this.clock.ringBy(Math.min(latest, ...due))
  }
}
