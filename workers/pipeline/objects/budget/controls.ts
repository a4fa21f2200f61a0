import type { BreakerView, Control, ControlCreate, ControlUpdate, WorkControls } from '../../../contract/control.ts'
import type { Work } from '../../../contract/guard.ts'
import { scopeKeys, type Subject } from '../../../domain/budget/decide.ts'
import { learn, type Outcome } from '../../../domain/control/breaker.ts'
import { limitsOf, type OpenControl } from '../../../domain/control/limits.ts'
import { breakerView, type Breakers, type Change } from './breakers.ts'
import type { ControlRows, StoredControl } from './control-rows.ts'
import { breakerEvent } from './decision-events.ts'
import type { Outbox } from './outbox.ts'
import { Ruling, type Refused } from './ruling.ts'

/** What controls need of the world. */
export interface ControlTools {
  /** A hash of text, in hexadecimal. */
  hash: (text: string) => string
  random(bytes: number): Uint8Array
}

/** One piece of work that the guard is asked about. */
export interface Asked {
  work: Work
  subject: Subject
  reservationId: string
  /** False: it was let in before, under the same idempotency key. */
  isNew: boolean
}

type KeptControl = OpenControl & { created_ms: number }

/** Run-time controls of one organization, in memory and in step with their tables. */
export class Controls {
  private readonly rows: ControlRows
  private readonly breakers: Breakers
  private readonly outbox: Outbox
  private readonly tools: ControlTools
  private controls: KeptControl[] = []
  private byScope = new Map<string, OpenControl[]>()

  constructor(rows: ControlRows, breakers: Breakers, outbox: Outbox, tools: ControlTools) {
    this.rows = rows
    this.breakers = breakers
    this.outbox = outbox
    this.tools = tools
  }

  /** Reads everything anew: at the start, after a failure, and when a control has changed. */
  load(): void {
    this.rows.recount()
    this.breakers.load()
    this.controls = this.rows.controls().map(opened)
    this.byScope = new Map()
    for (const control of this.controls) {
      const key = `${control.scope}\n${control.scope_id}`
      this.byScope.set(key, [...(this.byScope.get(key) ?? []), control])
    }
  }

  /** Decides about work; nothing is changed until `keep`, or `tell` where it refuses. */
  rule(asked: readonly Asked[], nowMs: number): Ruling {
    return new Ruling(asked, (subject) => limitsOf(this.of(subject)), this.breakers, this.rows, this.tools, nowMs)
  }

  /** Notes that what was ruled is let in; answers what holds for each. */
  keep(ruling: Ruling): (WorkControls | null)[] {
    for (const [id, calls] of ruling.traces) this.rows.putTrace(id, calls, ruling.nowMs)
    for (const stored of ruling.breakers.values()) this.tellAll(this.breakers.put(stored, ruling.nowMs))
    this.breakers.write()
    for (const event of ruling.allowEvents()) this.outbox.put(event)
    return ruling.answers()
  }

  /** Notes that it was refused. */
  tell(ruling: Ruling, refused: Refused): void {
    this.outbox.put(ruling.refusalEvent(refused))
  }

  /** Whether anybody learns of how calls for this subject end. */
  isTaught(subject: Subject): boolean {
    return this.of(subject).some(({ settings }) => settings.breaker !== null)
  }

  /** Teaches breakers how calls of models ended. */
  learn(calls: readonly { subject: Subject; outcome: Outcome }[], nowMs: number): void {
    for (const { subject, outcome } of calls) {
      for (const { control, rule } of limitsOf(this.of(subject)).breakers) {
        const stored = this.breakers.of(control, subject)
        const breaker = learn(stored.breaker, rule, outcome, nowMs)
        this.tellAll(this.breakers.put({ ...stored, breaker }, nowMs))
      }
    }
    this.breakers.write()
  }

  /** A reservation is over, whether or not its outcome was told. */
  ended(reservationId: string, nowMs: number): void {
    this.breakers.ended(reservationId, nowMs)
    this.breakers.write()
  }

  list(): Control[] {
    return this.controls.map(controlView)
  }

  create(id: string, { scope, name, record, ...settings }: ControlCreate, nowMs: number): Control {
    const config = { ...settings, name, record }
    return this.put({ id, scope: scope.type, scope_id: scope.id ?? '', config, created_ms: nowMs })
  }

  update(id: string, change: ControlUpdate): Control | null {
    const stored = this.rows.controls().find((one) => one.id === id)
    if (stored === undefined) return null
    const given = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined))
    return this.put({ ...stored, config: { ...stored.config, ...given } })
  }

  remove(id: string): boolean {
    if (!this.controls.some((control) => control.id === id)) return false
    this.rows.removeControl(id)
    this.load()
    return true
  }

  breakerList(nowMs: number): BreakerView[] {
    return this.breakers.list().flatMap((stored) => {
      const rule = this.controls.find(({ id }) => id === stored.control_id)?.settings.breaker
      return rule ? [breakerView(stored, rule, nowMs)] : []
    })
  }

  resetBreaker(id: string, nowMs: number): BreakerView | null {
    const done = this.breakers.reset(id, nowMs)
    if (done === null) return null
    this.breakers.write()
    this.tellAll(done.changes)
    return this.breakerList(nowMs).find((breaker) => breaker.id === id) ?? null
  }

  /** Forgets what is over, all at once: nothing is left to remove. */
  prune(nowMs: number): boolean {
    this.rows.prune(nowMs)
    this.tellAll(this.breakers.prune(nowMs))
    this.breakers.write()
    return false
  }

  private of(subject: Subject): OpenControl[] {
    if (this.controls.length === 0) return []
    return scopeKeys(subject).flatMap((key) => this.byScope.get(key) ?? [])
  }

  private put(stored: StoredControl): Control {
    this.rows.putControl(stored)
    if (stored.config.breaker === null) this.rows.removeBreakersOf(stored.id)
    this.load()
    return controlView(opened(stored))
  }

  private tellAll(changes: readonly Change[]): void {
    for (const change of changes) {
      const control = this.controls.find(({ id }) => id === change.stored.control_id)
      if (control !== undefined) this.outbox.put(breakerEvent(change, control))
    }
  }
}

function opened({
  id,
  scope,
  scope_id,
  config: { name, record, ...settings },
  created_ms,
}: StoredControl): KeptControl {
  const tools = settings.tools_allowed === null ? null : new Set(settings.tools_allowed)
  return { id, name, scope, scope_id, settings, record, tools, created_ms }
}

function controlView({ id, name, scope, scope_id, settings, record, created_ms }: KeptControl): Control {
  return {
    id,
    name,
    scope: { type: scope, id: scope_id === '' ? null : scope_id },
    ...settings,
    record,
    created_at: new Date(created_ms).toISOString(),
  }
}
