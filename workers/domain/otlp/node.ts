import type { EventInput } from '../../contract/event.ts'
import type { SpanClass } from './classify.ts'
import type { Facts } from './facts.ts'
import type { FlatSpan } from './span.ts'

/** How a span ended. */
export type Result = Pick<EventInput, 'status' | 'error_type' | 'error_message'>
/** Who and what a span belongs to. */
export type Names = Pick<EventInput, (typeof NAMES)[number]>
export const NAMES = ['agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id'] as const
export const ANCESTORS_MAX = 64

/** A span with what the other spans of its payload tell of it. */
export interface Node {
  span: FlatSpan
  facts: Facts
  kind: SpanClass
  /** Of its parent, also where that is not in the payload. */
  parentId: string | undefined
  parent: Node | undefined
  names: Names | undefined
  result: Result
  /** What the provider called its answer. */
  responseId: string | undefined
  /** Usage of calls of which none is in the payload. */
  isRollUp: boolean
  /** The call that this span tells too; it is counted there. */
  copyOf: Node | undefined
  /** The other report of this call, for what this one leaves out. */
  copy: Node | undefined
  /** Tries of this call before it, as its siblings show; 0 when there were none, or the wire says it elsewhere. */
  retries: number
  /** The model that failed before this one took over. */
  fallbackFrom: string | undefined
}

/** A node's ancestors in the payload, the nearest first; a ring of parents ends where it closes. */
export function* ancestorsOf(node: Node): Generator<Node> {
  let at = node.parent
  for (let n = 0; at !== undefined && at !== node && n < ANCESTORS_MAX; n++, at = at.parent) yield at
}

/** Epoch milliseconds. */
export function startOf({ span }: Node): number {
  return span.endMs - span.durationMs
}
