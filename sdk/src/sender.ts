import type { AgentEvent, IngestAnswer } from './contract.ts'
import { Outbox, type DropReason, type Drops, type OutboxLimits } from './outbox.ts'
import { hex } from './ids.ts'
import { Timers } from './timers.ts'
import { deliver, pack, requestOf, type Batch, type TransportOptions } from './transport.ts'

export interface SenderOptions extends OutboxLimits, Omit<TransportOptions, 'timers'> {
  batchMs: number
  concurrency: number
  onDrop(events: number, reason: DropReason, detail: string): void
}

export interface Stats {
  /** Events that the server has acknowledged. */
  accepted: number
  /** Events that are not delivered so far, also those under way. */
  pending: number
  dropped: Drops
}

/** What all `keepalive` requests of a page may carry together is 64 KiB (Fetch, 4.5); the rest is for headers. */
const KEEPALIVE_BYTES_MAX = 60_000

/** An `Idempotency-Key`; `randomUUID` is missing on pages without TLS. */
const newKey = () => hex(16)

/** Events in, batches out. Nothing here throws into the code that reports. */
export class Sender {
  readonly #options: SenderOptions
  readonly #outbox: Outbox
  readonly #transport: TransportOptions
  readonly #underWay = new Set<{ batch: Batch | null; events: number; done: Promise<void> }>()
  readonly #stats: Omit<Stats, 'pending'> = { accepted: 0, dropped: {} }
  readonly timers: Timers = new Timers()
  #isTicking = false
  #lost = 0
  #closesAtMs: number | null = null

  constructor(options: SenderOptions) {
    this.#options = options
    this.#outbox = new Outbox(options)
    this.#transport = { ...options, timers: this.timers }
  }

  get stats(): Stats {
    let pending = this.#outbox.events
    for (const { events } of this.#underWay) pending += events
    return { ...this.#stats, dropped: { ...this.#stats.dropped }, pending }
  }

  add(event: AgentEvent): void {
    const reason = this.#closesAtMs !== null ? 'closed' : this.#outbox.add(event)
    if (reason !== null) return this.#drop(1, reason, `an event of type ${event.event_type}`)
    if (this.#outbox.isDue) this.#pump(false)
    else this.#tick()
  }

  /** Sends what waits; true when the server has all of it, false when something was dropped or the time is over. */
  async flush(deadlineMs: number = Infinity): Promise<boolean> {
    const lost = this.#lost
    return (await this.timers.during(this.#emptied(deadlineMs))) && lost === this.#lost
  }

  async #emptied(deadlineMs: number): Promise<boolean> {
    const over = Number.isFinite(deadlineMs) ? this.timers.sleep(deadlineMs).then(() => 'over' as const) : null
    for (;;) {
      this.#pump(true)
      if (this.#underWay.size === 0) return true
      const next = Promise.race([...this.#underWay].map(({ done }) => done))
      if ((await (over === null ? next : Promise.race([next, over]))) === 'over') return false
    }
  }

  /** The same, for the last time: nothing waits beyond the deadline, and what is left then is dropped and counted. */
  async close(deadlineMs: number): Promise<boolean> {
    this.#closesAtMs = Date.now() + deadlineMs
    this.timers.wakeAll()
    const done = await this.flush(deadlineMs)
    const { pending } = this.stats
    if (pending > 0) this.#drop(pending, 'closed', 'not delivered in time')
    return done
  }

  /**
   * A page is hidden, or (`forGood`) goes away: what fits leaves with it; what was under way is sent once more then,
   * byte for byte, and counts once by its key.
   */
  leave(forGood: boolean): void {
    let room = KEEPALIVE_BYTES_MAX
    for (const { batch } of forGood ? this.#underWay : []) {
      if (batch === null || batch.body.length > room) continue
      room -= batch.body.length
      const { fetch, url } = this.#transport
      fetch(`${url}/v1/events`, requestOf(this.#transport, batch, true)).catch(() => {})
    }
    while (room > 0) {
      const taken = this.#outbox.take(room)
      if (taken === null) return
      const fits = taken.body.length <= room
      room -= taken.body.length
      this.#start(taken, Promise.resolve({ key: newKey(), encoding: null, keepalive: fits, ...taken }))
    }
  }

  #tick(): void {
    if (this.#isTicking) return
    this.#isTicking = true
    void this.timers.sleep(this.#options.batchMs).then(() => {
      this.#isTicking = false
      this.#pump(true)
    })
  }

  /** Starts as many batches as may be under way at once. */
  #pump(all: boolean): void {
    while (this.#underWay.size < this.#options.concurrency && (all ? this.#outbox.events > 0 : this.#outbox.isDue)) {
      const taken = this.#outbox.take()
      if (taken === null) return
      this.#start(
        taken,
        pack(taken.body).then((packed) => ({ key: newKey(), events: taken.events, ...packed })),
      )
    }
    if (this.#outbox.events > 0) this.#tick()
  }

  #start({ body, events }: { body: Uint8Array; events: number }, sealed: Promise<Batch>): void {
    const entry: { batch: Batch | null; events: number; done: Promise<void> } = {
      batch: null,
      events,
      done: Promise.resolve(),
    }
    this.#underWay.add(entry)
    entry.done = this.#finish(entry, sealed).finally(() => {
      this.#underWay.delete(entry)
      this.#outbox.release(body.length)
      this.#pump(this.#closesAtMs !== null)
    })
  }

  async #finish(entry: { batch: Batch | null; events: number }, sealed: Promise<Batch>): Promise<void> {
    try {
      entry.batch = await sealed
      const delivery = await deliver(this.#transport, entry.batch, (atMs) => atMs > (this.#closesAtMs ?? Infinity))
      if (delivery.state === 'accepted') {
        this.timers.wakeBackoffs()
        this.#count(entry.events, delivery.answer)
      } else this.#drop(entry.events, delivery.state, delivery.detail)
    } catch (error) {
      this.#drop(entry.events, 'gave_up', String(error))
    }
  }

  #count(events: number, { accepted, rejected }: IngestAnswer): void {
    this.#stats.accepted += accepted
    const [first] = rejected
    if (first !== undefined) this.#drop(events - accepted, 'rejected', `${first.pointer}: ${first.detail}`)
  }

  #drop(events: number, reason: DropReason, detail: string): void {
    this.#lost += events
    this.#stats.dropped[reason] = (this.#stats.dropped[reason] ?? 0) + events
    this.#outbox.note(reason, events)
    try {
      this.#options.onDrop(events, reason, detail)
    } catch {
      // A callback of the user's that throws is no reason to lose more.
    }
  }
}
