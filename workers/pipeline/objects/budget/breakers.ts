import type { BreakerRule, BreakerView } from '../../../contract/control.ts'
import type { Subject } from '../../../domain/budget/decide.ts'
import { atTime, giveBack, reset, untouched, windowOf, type Breaker } from '../../../domain/control/breaker.ts'
import type { OpenControl } from '../../../domain/control/limits.ts'
import type { ControlRows, StoredBreaker } from './control-rows.ts'

/** Names of models come from clients: of more breakers than this, closed ones that were not used longest go. */
const BREAKERS_MAX = 1000
const ID_HASH_CHARS = 20
const UNUSED_MS_MAX = 86_400_000

/** A breaker that changed its state. */
export interface Change {
  stored: StoredBreaker
  from: Breaker['state']
}

const iso = (ms: number) => new Date(ms).toISOString()

/** Circuit breakers in memory, in step with their table. */
export class Breakers {
  private readonly rows: ControlRows
  private readonly hash: (text: string) => string
  private all = new Map<string, StoredBreaker>()
  /** Those with probes that were not answered. */
  private probed = new Set<string>()
  /** Those whose row is older than they are. */
  private changed = new Set<string>()

  constructor(rows: ControlRows, hash: (text: string) => string) {
    this.rows = rows
    this.hash = hash
  }

  load(): void {
    this.changed = new Set()
    this.all = new Map(this.rows.breakers().map((stored) => [stored.id, stored]))
    this.probed = new Set([...this.all.values()].filter(({ breaker }) => breaker.probes.length > 0).map(({ id }) => id))
  }

  /** That of a control for a provider and model; a new one is closed and not kept yet. */
  of(control: OpenControl, { provider, model, workspace, project }: Subject): StoredBreaker {
    const id = `brk_${this.hash(`${control.id}\n${provider}\n${model}`).slice(0, ID_HASH_CHARS)}`
    const place = { workspace_id: workspace, project_id: project }
    const known = this.all.get(id)
    return known === undefined
      ? { id, control_id: control.id, provider, model, place, breaker: untouched, used_ms: 0 }
      : { ...known, place }
  }

  /** Notes what became of a breaker, until `write`; answers the changes of state that it went through. */
  put(stored: StoredBreaker, nowMs: number): Change[] {
    const before = this.all.get(stored.id)?.breaker ?? untouched
    if (before === stored.breaker) return []
    const after: StoredBreaker = { ...stored, used_ms: nowMs }
    if (!this.all.has(stored.id)) this.makeRoom()
    this.all.set(after.id, after)
    this.changed.add(after.id)
    if (after.breaker.probes.length > 0) this.probed.add(after.id)
    else this.probed.delete(after.id)
    // Half open may have been passed within one step, when its time was over before anybody asked.
    const halfway = atTime(before, nowMs)
    const path = halfway.state !== before.state && after.breaker.state !== halfway.state ? [halfway] : []
    const states = [before, ...path, after.breaker]
    return states
      .slice(1)
      .map((breaker, i) => ({ stored: { ...after, breaker }, from: states[i]?.state ?? 'closed' }))
      .filter(({ stored: { breaker }, from }) => breaker.state !== from)
  }

  /** One row for each that changed, however often it did. */
  write(): void {
    for (const id of this.changed) {
      const stored = this.all.get(id)
      if (stored !== undefined) this.rows.putBreaker(stored)
    }
    this.changed.clear()
  }

  /** A reservation has ended: where it was a probe and nobody told its outcome, another may take its place. */
  ended(reservationId: string, nowMs: number): void {
    for (const id of this.probed) {
      const stored = this.all.get(id)
      if (stored !== undefined) this.put({ ...stored, breaker: giveBack(stored.breaker, reservationId) }, nowMs)
    }
  }

  reset(id: string, nowMs: number): { stored: StoredBreaker; changes: Change[] } | null {
    const found = this.all.get(id)
    if (found === undefined) return null
    const stored = { ...found, breaker: reset(found.breaker, nowMs) }
    return { stored, changes: this.put(stored, nowMs) }
  }

  list(): StoredBreaker[] {
    return [...this.all.values()]
  }

  /** Forgets those that nobody used for a day; one that is not closed is closed first. */
  prune(nowMs: number): Change[] {
    const unused = [...this.all.values()].filter(({ used_ms }) => used_ms < nowMs - UNUSED_MS_MAX)
    return unused.flatMap((stored) => {
      if (stored.breaker.state !== 'closed')
        return this.put({ ...stored, breaker: reset(stored.breaker, nowMs) }, nowMs)
      this.remove(stored.id)
      return []
    })
  }

  private makeRoom(): void {
    if (this.all.size < BREAKERS_MAX) return
    const [oldest] = [...this.all.values()].sort(
      (a, b) => Number(a.breaker.state !== 'closed') - Number(b.breaker.state !== 'closed') || a.used_ms - b.used_ms,
    )
    if (oldest !== undefined) this.remove(oldest.id)
  }

  private remove(id: string): void {
    this.rows.removeBreaker(id)
    this.all.delete(id)
    this.probed.delete(id)
    this.changed.delete(id)
  }
}

/** What people see of a breaker. */
export function breakerView(
  { id, control_id, provider, model, breaker: kept }: StoredBreaker,
  rule: BreakerRule,
  nowMs: number,
): BreakerView {
  const breaker = atTime(kept, nowMs)
  return {
    id,
    control_id,
    provider: provider === '' ? null : provider,
    model: model === '' ? null : model,
    state: breaker.state,
    since: breaker.since_ms === 0 ? null : iso(breaker.since_ms),
    until: breaker.until_ms === null ? null : iso(breaker.until_ms),
    opened_by_error_rate: breaker.rate,
    opened_by_requests: breaker.requests,
    ...windowOf(breaker, rule, nowMs),
    probes: breaker.probes.length,
  }
}
