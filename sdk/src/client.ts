import type { AgentEvent, Outcome } from './contract.ts'
import { contextStorage, type ContextStorage } from './context.ts'
import { onExit } from './exit.ts'
import { Guard } from './guard.ts'
import type { DropReason } from './outbox.ts'
import { Sender, type Stats } from './sender.ts'
import { Span, type Fields, type ModelOptions, type Reporter, type StepOptions, type ToolOptions } from './span.ts'
import { parseTraceparent } from './traceparent.ts'

export interface AgentOpsOptions {
  /** An API key of scope `ingest`, and `guard` for what asks the guard. Else `AGENTOPS_KEY` of the environment. */
  key?: string
  /** Where AgentOps is. Else `AGENTOPS_URL` of the environment, else http://localhost:8787. */
  url?: string
  /** What every event says, unless it says otherwise. */
  defaults?: Fields
  /** A batch is sent when it holds this many events (500), … */
  batchEvents?: number
  /** … this many bytes before packing (500,000), … */
  batchBytes?: number
  /** … or when its first event has waited this long (1,000 ms). */
  batchMs?: number
  /** Events that wait or are under way take this much memory at most (8,000,000 bytes); then new ones are dropped. */
  bufferBytes?: number
  /** Batches under way at once (4). */
  concurrency?: number
  /** How long one request may take (15,000 ms). */
  requestMs?: number
  /** A batch that nobody took for this long is dropped (900,000 ms). */
  giveUpMs?: number
  /** How long the end of the process may wait for a last flush (5,000 ms). */
  exitMs?: number
  /** How long an agent waits for the guard (2,500 ms). */
  guardMs?: number
  /** What guarded work may do when nobody can be asked (`open`). */
  onUnreachable?: 'open' | 'closed'
  /** Told of events that were not delivered; the next batch tells the server. */
  onDrop?: (events: number, reason: DropReason, detail: string) => void
  /** Told of what went wrong in here; nothing of it is thrown. Else the console is told, once for each message. */
  onError?: (error: Error) => void
  /** False: neither signals nor the end of a page are listened to. */
  exitHooks?: boolean
  /** In Workers: `(work) => ctx.waitUntil(work)`. Every run that ends is flushed with it. */
  waitUntil?: (work: Promise<unknown>) => void
  /** An `AsyncLocalStorage` where the SDK finds none by itself. */
  storage?: ContextStorage<Span>
  fetch?: typeof fetch
}

export interface RunOptions extends StepOptions {
  /** The header of the request that caused it: the run goes on in that trace. */
  traceparent?: string | null
}

export interface AgentOps {
  /** Runs an agent: one request, of a new trace unless `traceparent` or a span around it says which. */
  run<T>(run: string | RunOptions, fn: (span: Span) => T | Promise<T>): Promise<T>
  /** As the methods of Span, in the span around them; without one, in a trace of their own. */
  step<T>(step: string | StepOptions, fn: (span: Span) => T | Promise<T>): Promise<T>
  tool<T>(tool: string | ToolOptions, fn: (span: Span) => T | Promise<T>): Promise<T>
  llm<T>(call: ModelOptions, fn: (span: Span) => T | Promise<T>): Promise<T>
  /** The span around this code; undefined outside of any, and where the runtime has no AsyncLocalStorage. */
  current(): Span | undefined
  /** A span that is ended by hand; for middleware, which cannot wrap what it measures. */
  span(type: 'agent.step' | 'agent.tool', fields: Fields): Span
  /** Headers that carry the trace into another service. */
  headers(): Record<string, string>
  /** An event as it is. */
  send(event: AgentEvent): void
  /** Says how a run really ended, after it. */
  outcome(outcome: Outcome): Promise<boolean>
  readonly guard: Guard
  readonly stats: Stats
  /** Sends what waits; false when not all of it was acknowledged in this time. Never throws. */
  flush(deadlineMs?: number): Promise<boolean>
  /** Flushes for the last time and lets go of the process. */
  close(): Promise<boolean>
}

interface Environment {
  process?: { env?: Record<string, string | undefined> }
}

/** A client of one project; make one for each process or page, and in Workers one for each request. */
export function createAgentOps(options: AgentOpsOptions = {}): AgentOps {
  const env = (globalThis as Environment).process?.env ?? {}
  const onError = options.onError ?? tellOnce()
  const key = options.key ?? env['AGENTOPS_KEY'] ?? ''
  if (key === '') onError(new Error('AgentOps has no key: set AGENTOPS_KEY. Events will be refused.'))
  const given = options.fetch
  const shared = {
    key,
    url: (options.url ?? env['AGENTOPS_URL'] ?? 'http://localhost:8787').replace(/\/+$/, ''),
    // Called without its owner: some runtimes refuse another `this`.
    fetch: ((input, init) => (given ?? fetch)(input, init)) satisfies typeof fetch,
  }
  const sender = new Sender({
    ...shared,
    batchEvents: options.batchEvents ?? 500,
    batchBytes: options.batchBytes ?? 500_000,
    batchMs: options.batchMs ?? 1000,
    bufferBytes: options.bufferBytes ?? 8_000_000,
    concurrency: options.concurrency ?? 4,
    requestMs: options.requestMs ?? 15_000,
    giveUpMs: options.giveUpMs ?? 900_000,
    onDrop:
      options.onDrop ??
      ((events, reason, detail) => onError(new Error(`AgentOps dropped ${events} events (${reason}): ${detail}`))),
  })
  const guard = new Guard({
    ...shared,
    timers: sender.timers,
    onUnreachable: options.onUnreachable ?? 'open',
    guardMs: options.guardMs ?? 2500,
    onError,
  })
  return new Client(options, sender, guard, shared)
}

interface Shared {
  url: string
  key: string
  fetch: typeof fetch
}

class Client implements AgentOps {
  readonly guard: Guard
  readonly #options: AgentOpsOptions
  readonly #sender: Sender
  readonly #reporter: Reporter
  readonly #shared: Shared
  readonly #letGo: () => void

  constructor(options: AgentOpsOptions, sender: Sender, guard: Guard, shared: Shared) {
    this.#options = options
    this.#sender = sender
    this.#shared = shared
    this.guard = guard
    this.#reporter = {
      guard,
      storage: options.storage ?? contextStorage<Span>(),
      emit: (event) => this.send(event),
    }
    const exitMs = options.exitMs ?? 5000
    this.#letGo =
      options.exitHooks === false || options.waitUntil !== undefined
        ? () => {}
        : onExit({
            flush: () => this.flush(exitMs),
            close: () => sender.close(exitMs),
            leave: (forGood) => sender.leave(forGood),
            isIdle: () => sender.stats.pending === 0,
          })
  }

  get stats(): Stats {
    return this.#sender.stats
  }

  async run<T>(run: string | RunOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    const { name, traceparent, ...fields } = typeof run === 'string' ? { name: run, traceparent: null } : run
    const around = this.current()
    // An agent that another one calls in this process is a step of it: the request is that of the first.
    if (around !== undefined && traceparent == null) return around.step({ name, workflow_id: name, ...fields }, fn)
    const remote = parseTraceparent(traceparent)
    const span = new Span(this.#reporter, 'agent.request', remote, {
      ...this.#options.defaults,
      workflow_id: name,
      ...fields,
    })
    span.started()
    try {
      return await span.within(fn)
    } finally {
      this.#options.waitUntil?.(this.flush())
    }
  }

  step<T>(step: string | StepOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    return this.#around().step(step, fn)
  }

  tool<T>(tool: string | ToolOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    return this.#around().tool(tool, fn)
  }

  llm<T>(call: ModelOptions, fn: (span: Span) => T | Promise<T>): Promise<T> {
    return this.#around().llm(call, fn)
  }

  current(): Span | undefined {
    return this.#reporter.storage?.getStore()
  }

  span(type: 'agent.step' | 'agent.tool', fields: Fields): Span {
    return this.#around().child(type, fields)
  }

  headers(): Record<string, string> {
    const span = this.current()
    return span === undefined ? {} : { traceparent: span.traceparent() }
  }

  send(event: AgentEvent): void {
    this.#sender.add({ ...this.#options.defaults, ...event })
  }

  async outcome(outcome: Outcome): Promise<boolean> {
    const { url, key, fetch } = this.#shared
    try {
      const response = await fetch(`${url}/v1/outcomes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ outcomes: [outcome] }),
      })
      const { accepted } = JSON.parse(await response.text()) as { accepted?: number }
      return accepted === 1
    } catch {
      return false
    }
  }

  async flush(deadlineMs?: number): Promise<boolean> {
    const [done] = await Promise.all([this.#sender.flush(deadlineMs), this.guard.idle()])
    return done
  }

  async close(): Promise<boolean> {
    this.#letGo()
    const [done] = await Promise.all([this.#sender.close(this.#options.exitMs ?? 5000), this.guard.idle()])
    return done
  }

  /** The span around, or one that is never reported and only gives what is within a trace. */
  #around(): Span {
    return this.current() ?? new Span(this.#reporter, 'agent.step', null, {}, false)
  }
}

function tellOnce(): (error: Error) => void {
  const told = new Set<string>()
  return ({ message }) => {
    const kind = message.replace(/\d+/g, '#').slice(0, 80)
    if (told.has(kind) || told.size > 100) return
    told.add(kind)
    console.warn(message)
  }
}
