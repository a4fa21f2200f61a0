import type { WorkControls } from '../../../contract/control.ts'
import type { Subject } from '../../../domain/budget/decide.ts'
import { atTime, letIn, type Breaker } from '../../../domain/control/breaker.ts'
import { check, type BreakerAnswer, type Check, type Refusal } from '../../../domain/control/check.ts'
import { toolsOf, type Limits } from '../../../domain/control/limits.ts'
import { counted, noCalls, repeatsOf, type TraceCalls } from '../../../domain/control/loop.ts'
import { newId } from '../../../domain/id.ts'
import type { Breakers } from './breakers.ts'
import type { ControlRows, StoredBreaker } from './control-rows.ts'
import type { Asked, ControlTools } from './controls.ts'
import { decisionEvent } from './decision-events.ts'
import type { Outgoing } from './outbox.ts'

const HASH_CHARS = 32
const CALL_HASH_CHARS = 16
const RANDOM_BYTES = 13

/** What was decided about one piece of work. */
export interface Ruled {
  asked: Asked
  at: number
  limits: Limits
  passed: Check[]
  refusal: Refusal | null
  trace: string | null
  call: string | null
  breakers: BreakerAnswer[]
}

export interface Refused extends Ruled {
  refusal: Refusal
}

/**
 * One decision over all the work of one request, in its order: what is let in counts for what comes after it. It
 * changes nothing itself: `traces` and `breakers` are what there will be when all of it is let in.
 */
export class Ruling {
  readonly traces = new Map<string, TraceCalls>()
  readonly breakers = new Map<string, StoredBreaker>()
  /** Of the first work that a control refuses; null when none does. */
  readonly refused: Refused | null = null
  readonly nowMs: number
  private readonly ruled: Ruled[] = []
  private readonly of: (subject: Subject) => Limits
  private readonly known: Breakers
  private readonly rows: ControlRows
  private readonly tools: ControlTools

  constructor(
    asked: readonly Asked[],
    of: (subject: Subject) => Limits,
    known: Breakers,
    rows: ControlRows,
    tools: ControlTools,
    nowMs: number,
  ) {
    this.of = of
    this.known = known
    this.rows = rows
    this.tools = tools
    this.nowMs = nowMs
    for (const [at, one] of asked.entries()) {
      const ruled = this.decide(one, at)
      this.ruled.push(ruled)
      const { refusal } = ruled
      if (refusal === null) continue
      this.refused = { ...ruled, refusal }
      return
    }
  }

  /** What holds for each work, with what is left after it. */
  answers(): (WorkControls | null)[] {
    return this.ruled.map(({ limits, trace, call, breakers }) => {
      if (limits.controls.length === 0) return null
      const calls = trace === null ? null : this.callsOf(trace)
      return {
        retries_max: limits.retries?.max ?? null,
        tools_allowed: toolsOf(limits),
        context_tokens_max: limits.context_tokens?.max ?? null,
        loop: loopOf(limits, calls, call),
        breaker: breakerOf(breakers),
      }
    })
  }

  /** One event for each control that checked anything and keeps such decisions. */
  allowEvents(): Outgoing[] {
    return this.ruled.flatMap((ruled) => {
      if (!ruled.asked.isNew || ruled.passed.length === 0) return []
      const controls = new Set(ruled.passed.map(({ control }) => control).filter(({ record }) => record === 'all'))
      return [...controls].map((control) =>
        decisionEvent({
          mark: `decision:${ruled.asked.reservationId}:${control.id}`,
          policy: `control:${control.id}:all`,
          asked: ruled.asked,
          checks: ruled.passed.filter((one) => one.control === control),
          refusal: null,
          nowMs: this.nowMs,
        }),
      )
    })
  }

  refusalEvent({ asked, refusal }: Refused): Outgoing {
    const id = newId('decision', this.nowMs, this.tools.random(RANDOM_BYTES))
    return decisionEvent({
      mark: `decision:${id}`,
      policy: `control:${refusal.control.id}:${refusal.kind}`,
      asked,
      checks: [refusal],
      refusal,
      nowMs: this.nowMs,
    })
  }

  private decide(asked: Asked, at: number): Ruled {
    const { work, subject } = asked
    const limits = this.of(subject)
    const isCounted = work.trace_id && (limits.repeats !== null || limits.steps !== null)
    const trace = isCounted ? this.hash(`${subject.project}\n${work.trace_id}`, HASH_CHARS) : null
    const isCall = trace !== null && work.tool_name && work.tool_args_hash
    const call = isCall ? this.hash(`${work.tool_name}\n${work.tool_args_hash}`, CALL_HASH_CHARS) : null
    const breakers = this.breakersFor(asked, limits)
    const ruled = { asked, at, limits, trace, call, breakers, passed: [], refusal: null }
    if (!asked.isNew) return ruled
    const calls = trace === null ? null : this.callsOf(trace)
    const facts = {
      attempt: work.attempt ?? null,
      tool: work.tool_name ?? null,
      tokens_context: work.tokens_context ?? null,
      depth: work.depth ?? null,
      step: stepOf(work.step ?? null, calls),
      repeats: calls === null || call === null ? null : repeatsOf(calls, call),
    }
    const checked = check(limits, facts, breakers)
    if (checked.refusal === null && trace !== null && calls !== null) this.traces.set(trace, counted(calls, call))
    return { ...ruled, ...checked }
  }

  /** Lets the work into the breakers of its provider and model; what was let in before takes no place. */
  private breakersFor({ subject, reservationId, isNew }: Asked, limits: Limits): BreakerAnswer[] {
    if (subject.provider === '' && subject.model === '') return []
    return limits.breakers.map(({ control, rule }) => {
      const own = this.known.of(control, subject)
      const stored = this.breakers.get(own.id) ?? own
      const breaker = isNew ? letIn(stored.breaker, rule, reservationId, this.nowMs) : stored.breaker
      if (breaker !== null && breaker !== stored.breaker) this.breakers.set(stored.id, { ...stored, breaker })
      return { control, breaker: breaker ?? atTime(stored.breaker, this.nowMs), isIn: breaker !== null }
    })
  }

  private callsOf(trace: string): TraceCalls {
    return this.traces.get(trace) ?? this.rows.trace(trace, this.nowMs) ?? noCalls
  }

  private hash(text: string, chars: number): string {
    return this.tools.hash(text).slice(0, chars)
  }
}

/** As told or as counted, whichever is greater. */
function stepOf(told: number | null, calls: TraceCalls | null): number | null {
  if (calls === null) return told
  return Math.max(told ?? 0, calls.steps + 1)
}

function loopOf(limits: Limits, calls: TraceCalls | null, call: string | null): WorkControls['loop'] {
  const { repeats, depth, steps } = limits
  if (repeats === null && depth === null && steps === null) return null
  const left = (max: number, done: number) => Math.max(0, max - done)
  return {
    repeats_max: repeats?.max ?? null,
    repeats_left:
      repeats === null || calls === null || call === null ? null : left(repeats.max, repeatsOf(calls, call)),
    depth_max: depth?.max ?? null,
    steps_max: steps?.max ?? null,
    steps_left: steps === null || calls === null ? null : left(steps.max, calls.steps),
  }
}

/** That which lets in the least. */
function breakerOf(breakers: readonly BreakerAnswer[]): WorkControls['breaker'] {
  const order: Breaker['state'][] = ['closed', 'half_open', 'open']
  const [worst] = [...breakers].sort((a, b) => order.indexOf(b.breaker.state) - order.indexOf(a.breaker.state))
  if (worst === undefined) return null
  const { state, rate, until_ms } = worst.breaker
  return {
    state,
    opened_by_error_rate: rate,
    retry_at: until_ms === null ? null : new Date(until_ms).toISOString(),
  }
}
