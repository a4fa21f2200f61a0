import type { AgentEvent, ReserveAnswer, Work } from './contract.ts'
import type { ContextStorage } from './context.ts'
import { failureOf } from './failure.ts'
import { hashOf, type Guard } from './guard.ts'
import { hex } from './ids.ts'
import { formatTraceparent, type TraceParent } from './traceparent.ts'
import { factsOf } from './usage.ts'

/** What an event may say beside where it belongs. */
export type Fields = Omit<
  AgentEvent,
  'event_type' | 'timestamp' | 'trace_id' | 'span_id' | 'parent_span_id' | 'org_id' | 'workspace_id' | 'project_id'
>

export interface StepOptions extends Fields {
  name: string
}

export interface ToolOptions extends Fields {
  name: string
  /** What it is called with: never sent, but as a hash to the guard, which finds loops by it. */
  args?: unknown
  /** True asks the guard first: allow-list, retries, loops. With an estimate, budgets too. */
  guard?: boolean | Partial<Work>
}

export interface ModelOptions extends Fields {
  provider: string
  model: string
  name?: string
  /** Asks the guard first; `estimate_usd` is the most that it may cost. */
  guard?: Partial<Work> & Pick<Work, 'estimate_usd'>
}

export type SpanType = 'agent.request' | 'agent.step' | 'agent.tool'

/** What children have from their parents. */
const INHERITED = ['agent_id', 'workflow_id', 'workflow_version', 'session_id', 'user_id', 'environment'] as const

export interface Reporter {
  guard: Guard
  storage: ContextStorage<Span> | null
  emit(event: AgentEvent): void
}

/** One piece of work of an agent, while it runs. */
export class Span {
  readonly traceId: string
  readonly spanId: string = hex(8)
  readonly #reporter: Reporter
  readonly #parentSpanId: string | null
  readonly #type: SpanType
  readonly #isReported: boolean
  readonly #startMs = Date.now()
  readonly #start = performance.now()
  #fields: Fields
  #reservationId: string | null = null
  #hasEnded = false

  constructor(reporter: Reporter, type: SpanType, parent: TraceParent | null, fields: Fields, isReported = true) {
    this.#reporter = reporter
    this.#type = type
    this.traceId = parent?.traceId ?? hex(16)
    this.#parentSpanId = parent instanceof Span && !parent.#isReported ? null : (parent?.spanId ?? null)
    this.#isReported = isReported
    this.#fields = parent instanceof Span ? { ...parent.inherited(), ...fields } : fields
  }

  /** The value of the header `traceparent` for a request that goes out of this span. */
  traceparent(): string {
    return formatTraceparent(this)
  }

  inherited(): Fields {
    const fields: Fields = {}
    for (const name of INHERITED) if (this.#fields[name] != null) fields[name] = this.#fields[name]
    return fields
  }

  /** Adds to what its event will say; attributes are merged. */
  set(fields: Fields): void {
    const attributes = { ...this.#fields.attributes, ...fields.attributes }
    this.#fields = { ...this.#fields, ...fields, ...(Object.keys(attributes).length > 0 && { attributes }) }
  }

  /** An event within this span, such as `agent.retry` or `agent.fallback.triggered`. */
  event(type: AgentEvent['event_type'], fields: Fields = {}): void {
    this.#emit(type, hex(8), this.spanId, { ...this.inherited(), ...fields }, Date.now())
  }

  step<T>(step: string | StepOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    const { name, ...fields } = typeof step === 'string' ? { name: step } : step
    return this.child('agent.step', { step: name, ...fields }).within(fn)
  }

  /** A call of a tool. @throws GuardDenied when the guard was to be asked and refuses. */
  tool<T>(tool: string | ToolOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    const { name, args, guard, ...fields } =
      typeof tool === 'string' ? { name: tool, args: undefined, guard: false } : tool
    const span = this.child('agent.tool', { tool_name: name, ...fields })
    return span.within(async () => {
      if (guard) {
        const hash = args === undefined ? null : await hashOf(args)
        const asked = { estimate_usd: '0', tool_name: name, ...(hash !== null && { tool_args_hash: hash }) }
        await span.reserve({ ...asked, ...(typeof guard === 'object' && guard) })
      }
      return fn(span)
    })
  }

  /** A call of a model; tokens are read from the answer of the known clients. @throws GuardDenied. */
  llm<T>(call: ModelOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    const { name, guard, ...fields } = call
    const span = this.child('agent.step', { step: name ?? call.model, ...fields })
    return span.within(async () => {
      if (guard) await span.reserve(guard)
      const answer = await fn(span)
      const { responseId, ...facts } = factsOf(answer)
      span.set({
        ...facts,
        ...span.#known(),
        ...(responseId !== undefined && { attributes: responseIdOf(responseId) }),
      })
      return answer
    })
  }

  child(type: SpanType, fields: Fields): Span {
    return new Span(this.#reporter, type, this, fields)
  }

  /** Asks the guard for this span's work. @throws GuardDenied. */
  async reserve(work: Partial<Work> & Pick<Work, 'estimate_usd'>): Promise<ReserveAnswer> {
    const answer = await this.#reporter.guard.require(this.workOf(work))
    this.hold(answer)
    return answer
  }

  /** What the guard is told of this span's work. */
  workOf(work: Partial<Work> & Pick<Work, 'estimate_usd'>): Work {
    const { agent_id, workflow_id, user_id, provider, model, attempt } = this.#fields
    return { agent_id, workflow_id, user_id, provider, model, attempt, trace_id: this.traceId, ...work }
  }

  /** This span's event settles what was reserved. */
  hold({ reservation_id }: Pick<ReserveAnswer, 'reservation_id'>): void {
    if (reservation_id === null) return
    this.#reservationId = reservation_id
    this.set({ reservation_id })
  }

  /** Runs within this span and ends it; what the code throws is recorded and thrown on. */
  async within<T>(fn: (span: Span) => T | Promise<T>): Promise<T> {
    try {
      const { storage } = this.#reporter
      const result = await (storage === null ? fn(this) : storage.run(this, () => fn(this)))
      this.end()
      return result
    } catch (error) {
      this.end(error)
      throw error
    }
  }

  started(): void {
    this.#emit('agent.request.started', this.spanId, this.#parentSpanId, this.#fields, this.#startMs)
  }

  /** Reports it; the second call does nothing. */
  end(error?: unknown): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const failure = error === undefined ? null : failureOf(error)
    const status = failure?.status ?? this.#fields.status ?? 'ok'
    const ofTool = status === 'ok' ? 'agent.tool.called' : 'agent.tool.failed'
    const type = this.#type === 'agent.tool' ? ofTool : (`${this.#type}.completed` as const)
    const latency_ms = Math.max(0, Math.round((performance.now() - this.#start) * 1000) / 1000)
    const fields = { latency_ms, ...this.#fields, ...failure, status }
    this.#emit(type, this.spanId, this.#parentSpanId, fields, this.#startMs + Math.round(latency_ms))
    this.#settle(fields)
  }

  /** The event of a call of a model settles it, priced by the server. Else it is told here, so that nothing is held. */
  #settle({ status, error_type, cost_usd }: Fields): void {
    if (this.#reservationId === null || (status === 'ok' && cost_usd == null && this.#type !== 'agent.tool')) return
    if (status === 'cancelled' && cost_usd == null) return
    void this.#reporter.guard.settle({
      reservation_id: this.#reservationId,
      cost_usd: cost_usd ?? '0',
      status,
      ...(status === 'error' && error_type != null && { error_type }),
    })
  }

  /** What the code has set itself says more than what its answer looks like. */
  #known(): Fields {
    return Object.fromEntries(
      Object.entries(this.#fields).filter(([name, value]) => name.startsWith('tokens_') && value != null),
    )
  }

  #emit(type: AgentEvent['event_type'], spanId: string, parent: string | null, fields: Fields, atMs: number): void {
    this.#reporter.emit({
      event_type: type,
      timestamp: atMs,
      trace_id: this.traceId,
      span_id: spanId,
      ...(parent !== null && { parent_span_id: parent }),
      ...fields,
    })
  }
}

/** The attribute of OpenTelemetry's GenAI conventions; two reports of one call are known by it. */
export const responseIdOf = (id: string): Record<string, unknown> => ({ 'gen_ai.response.id': id })
