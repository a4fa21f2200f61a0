import type { EventInput } from '../../contract/event.ts'
import type { RunFacts } from '../../contract/wire.ts'
import { mergeFacts, traceKey } from './book.ts'

/** What a message tells of one thing: facts that may be joined to others, and content, which is not kept for that. */
export interface Operation {
  facts: RunFacts
  /** Which messages of the request tell of it. */
  from: number[]
  input?: unknown
  output?: unknown
  error_message?: string
  attributes?: Record<string, unknown>
  scores?: Record<string, number>
  policy_result?: EventInput['policy_result']
  fallback?: { from?: string; to?: string }
}

/** A message that tells of nothing that can be taken, and why. */
export interface Unreadable {
  index: number
  pointer: string
  detail: string
}

/** What the messages of one request tell; `silent` are good ones that have nothing to say here. */
export interface Messages {
  operations: Operation[]
  unreadable: Unreadable[]
  count: number
}

/** Gathers what several messages of one request tell of the same thing, in the order in which they came. */
export class Gathering {
  readonly unreadable: Unreadable[] = []
  private readonly byId = new Map<string, Operation>()

  add(index: number, operation: Omit<Operation, 'from'>): void {
    const known = this.byId.get(operation.facts.id)
    if (known === undefined) {
      this.byId.set(operation.facts.id, { ...operation, from: index < 0 ? [] : [index] })
      return
    }
    const { facts, attributes, ...content } = operation
    const told = Object.entries(content).filter(([, value]) => value !== undefined)
    Object.assign(known, Object.fromEntries(told), {
      facts: mergeBoth(known.facts, facts),
      from: index < 0 ? known.from : [...known.from, index],
      ...(attributes && { attributes: { ...known.attributes, ...attributes } }),
    })
  }

  refuse(index: number, pointer: string, detail: string): void {
    this.unreadable.push({ index, pointer, detail })
  }

  all(count: number): Messages {
    return { operations: [...this.byId.values()], unreadable: this.unreadable, count }
  }

  /** Of clients that tell a trace apart: what ends here may end the whole, whether or not the trace itself was told. */
  addTraces(): void {
    const traces = new Set([...this.byId.values()].map(({ facts }) => facts.trace))
    for (const trace of traces) {
      if (trace !== undefined) this.add(-1, { facts: { id: traceKey(trace), kind: 'trace', trace } })
    }
  }
}

/** Together they are of the beginning only where each is. */
function mergeBoth(known: RunFacts, told: RunFacts): RunFacts {
  const { create: first, ...rest } = known
  // An end that came before its beginning stands over it.
  const merged = mergeFacts(rest, told)
  return first && told.create ? { ...merged, create: true } : merged
}
