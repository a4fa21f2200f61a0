import type { KnownRun, RunFacts, RunMark } from '../../contract/wire.ts'

/** A run as the book holds it. */
export interface Run {
  facts: RunFacts
  told: RunMark[]
  rolled?: boolean
  /** The last call of a model below it, where that failed. */
  failed?: { id: string; model: string; attempt: number; end_ms: number }
  after?: KnownRun['after']
  /** Epoch milliseconds of the last message. */
  seen_ms: number
}

const ANCESTORS_MAX = 64
const TOOLS_MAX = 32
const NAMES = ['agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id', 'environment'] as const

/**
 * Joins what clients tell of one run in several messages: its start and its end, its trace, its parents. Messages may
 * come in any order and more than once. Bounded: of those that it holds, the ones longest untouched are forgotten.
 */
export class RunBook {
  readonly runs = new Map<string, Run>()
  private readonly load: (key: string) => Run | undefined
  private readonly runsMax: number

  /** @param load finds a run that the book does not hold, by its key. */
  constructor(load: (key: string) => Run | undefined = () => undefined, runsMax = 20_000) {
    this.load = load
    this.runsMax = runsMax
  }

  join(client: string, list: readonly RunFacts[], nowMs: number): KnownRun[] {
    const runs = list.map((facts) => this.merge(client, facts, nowMs))
    for (const run of runs) this.lend(client, run, nowMs)
    const inOrder = [...runs].sort((a, b) => (a.facts.start_ms ?? 0) - (b.facts.start_ms ?? 0))
    for (const run of inOrder) this.compare(client, run)
    const known = runs.map((run) => this.known(client, run))
    this.trim()
    return known
  }

  tell(client: string, marks: readonly [id: string, marks: RunMark[]][]): void {
    for (const [id, told] of marks) {
      const run = this.find(client, id)
      if (run) run.told = [...new Set([...run.told, ...told])]
    }
  }

  private find(client: string, id: string | undefined): Run | undefined {
    if (id === undefined) return undefined
    const key = keyOf(client, id)
    const held = this.runs.get(key)
    if (held) return held
    const loaded = this.load(key)
    if (loaded) this.runs.set(key, loaded)
    return loaded
  }

  private merge(client: string, facts: RunFacts, nowMs: number): Run {
    const key = keyOf(client, facts.id)
    const run = this.find(client, facts.id) ?? { facts: { id: facts.id }, told: [], seen_ms: nowMs }
    run.facts = mergeFacts(run.facts, facts)
    run.seen_ms = nowMs
    // The newest are last.
    this.runs.delete(key)
    this.runs.set(key, run)
    return run
  }

  /** What a call tells of those above it: that their usage is a sum, and which tools the model asked for. */
  private lend(client: string, { facts }: Run, nowMs: number): void {
    this.complete(client, facts)
    if (facts.kind !== 'llm') return
    if (facts.usage !== undefined && facts.parent !== undefined) {
      const parent = this.find(client, facts.parent) ?? this.merge(client, { id: facts.parent }, nowMs)
      parent.rolled = true
    }
    const trace = this.find(client, traceKey(facts.trace))
    if (trace && facts.tools) trace.facts.tools = union(trace.facts.tools, facts.tools)
  }

  /** A trace that is told apart has no end of its own: it ends, and as well, as the last that is right below it. */
  private complete(client: string, { kind, trace, parent, start_ms, end_ms, status, error_type }: RunFacts): void {
    if (trace === undefined || parent !== traceKey(trace) || end_ms === undefined) return
    const whole = this.find(client, parent)
    if (!whole || kind === 'score' || kind === 'policy') return
    const isLast = end_ms >= (whole.facts.end_ms ?? 0)
    whole.facts = mergeFacts(whole.facts, { id: parent, start_ms, end_ms })
    if (!isLast) return
    whole.facts.status = status ?? 'ok'
    if (error_type !== undefined) whole.facts.error_type = error_type
  }

  /** A call of a model after one that failed, under the same parent: a retry, or a fallback where the model differs. */
  private compare(client: string, run: Run): void {
    const { id, kind, model, parent, start_ms, end_ms, status } = run.facts
    if (kind !== 'llm' || model === undefined || start_ms === undefined || run.rolled) return
    const above = this.find(client, parent)
    if (!above) return
    const failed = above.failed
    if (failed && failed.id !== id && failed.end_ms <= start_ms) run.after ??= failed
    if (end_ms === undefined) return
    if (status === 'error') {
      const attempt = run.after && isSameModel(run.after.model, model) ? run.after.attempt + 1 : 1
      above.failed = { id, model, attempt, end_ms }
    } else if (failed && failed.end_ms <= start_ms) delete above.failed
  }

  private known(client: string, run: Run): KnownRun {
    const facts = { ...run.facts }
    const path = this.ancestors(client, run)
    const top = path.at(-1) ?? run
    const trace = facts.trace ?? path.find((above) => above.facts.trace !== undefined)?.facts.trace
    const whole = this.find(client, traceKey(trace))
    for (const above of whole ? [...path, whole] : path) {
      for (const name of NAMES) {
        const lent = above.facts[name]
        if (facts[name] === undefined && lent !== undefined) facts[name] = lent
      }
    }
    if (facts.kind === 'step' && facts.name !== undefined && whole?.facts.tools?.includes(facts.name))
      facts.kind = 'tool'
    return {
      facts: { ...facts, trace: trace ?? top.facts.parent ?? top.facts.id },
      told: [...run.told],
      rolled: run.rolled === true,
      ...(run.after && { after: { model: run.after.model, attempt: run.after.attempt } }),
    }
  }

  /** Nearest first, as far as they are known. A conversation lends its names, and is above no run. */
  private ancestors(client: string, run: Run): Run[] {
    const path: Run[] = []
    for (let at = this.find(client, run.facts.parent); at && path.length < ANCESTORS_MAX;) {
      if (at === run || path.includes(at)) break
      path.push(at)
      at = this.find(client, at.facts.parent)
    }
    return path
  }

  private trim(): void {
    for (const oldest of this.runs.keys()) {
      if (this.runs.size <= this.runsMax) return
      this.runs.delete(oldest)
    }
  }
}

export function keyOf(client: string, id: string): string {
  return `${client} ${id}`
}

/** Some clients give a trace and what is in it the same id. */
export function traceKey(trace: string): string
export function traceKey(trace: string | undefined): string | undefined
export function traceKey(trace: string | undefined): string | undefined {
  return trace === undefined ? undefined : `trace:${trace}`
}

/** Later messages stand over earlier ones, and over what was told at the beginning whenever that comes. */
export function mergeFacts(known: RunFacts, told: RunFacts): RunFacts {
  const { create, ...rest } = told
  const news = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined))
  const merged: RunFacts = create ? { ...news, ...known } : { ...known, ...news }
  if (told.kind === 'step' && known.kind !== undefined) merged.kind = known.kind
  else if (known.kind === 'step' && told.kind !== undefined) merged.kind = told.kind
  if (told.tools && known.tools) merged.tools = union(known.tools, told.tools)
  if (merged.kind !== 'trace') return merged
  if (known.start_ms !== undefined && told.start_ms !== undefined)
    merged.start_ms = Math.min(known.start_ms, told.start_ms)
  if (known.end_ms !== undefined && told.end_ms !== undefined) merged.end_ms = Math.max(known.end_ms, told.end_ms)
  return merged
}

/** A request for `gpt-4o` is answered by `gpt-4o-2024-08-06`; `gpt-4o-mini` is another model. */
export function isSameModel(one: string, other: string): boolean {
  const undated = (name: string) => name.replace(/-(\d{4}-\d\d-\d\d|\d{8}|latest)$/, '')
  return undated(one) === undated(other)
}

function union(a: readonly string[] | undefined, b: readonly string[]): string[] {
  return [...new Set([...(a ?? []), ...b])].slice(0, TOOLS_MAX)
}
