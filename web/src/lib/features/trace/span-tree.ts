import type { TraceEvent } from '../../../../../workers/contract/trace.ts'
import { eventMs, spanOf, withoutDuplicates } from './span-events.ts'
import type { Span, SpanTokens } from './span.ts'

export interface SpanNode {
  span: Span
  children: SpanNode[]
  depth: number
  /** Own and all below. */
  total_cost_nanousd: bigint
  total_tokens: number
  descendants: number
  /** Errors at or below this span. */
  errors: number
}

export interface SpanTree {
  roots: SpanNode[]
  /** Every node, parents before children. */
  nodes: SpanNode[]
  byId: Map<string, SpanNode>
  start_ms: number
  end_ms: number
  /** Parents that events name and that never came. */
  missing: number
  open: number
  duplicates: number
}

/** Said about the run when it was over: of no span, perhaps days later. */
const OUTCOME_REVISED = 'agent.outcome.revised'
/** Starts that lie before the parent's by less than this are rounding, not clocks. */
export const SKEW_MS_MIN = 2

/**
 * Builds the tree of a trace from its events, whatever is missing, doubled or looped: a span whose parent
 * never came hangs under a stand-in for it, a loop is cut at its first span, a doubled event counts once.
 */
export function buildSpanTree(events: readonly TraceEvent[]): SpanTree {
  const run = events.filter((event) => event.event_type !== OUTCOME_REVISED)
  const unique = withoutDuplicates(run.filter((event) => Number.isFinite(eventMs(event))))
  const spans = readSpans(unique)
  const missing = addAbsentParents(spans)
  cutCycles(spans)
  const byId = new Map<string, SpanNode>()
  for (const span of spans.values()) {
    byId.set(span.id, {
      span,
      children: [],
      depth: 0,
      total_cost_nanousd: 0n,
      total_tokens: 0,
      descendants: 0,
      errors: 0,
    })
  }
  const roots = link(byId)
  const nodes = inOrder(roots)
  markSkew(nodes, byId)
  addTotals(nodes, byId)
  return {
    roots,
    nodes,
    byId,
    ...bounds(nodes),
    missing,
    open: nodes.filter(isOpen).length,
    duplicates: run.length - unique.length,
  }
}

/** The rows that are seen: a collapsed node hides what is below it. */
export function visibleRows(tree: SpanTree, collapsed: ReadonlySet<string>): SpanNode[] {
  const rows: SpanNode[] = []
  let hiddenBelow = Infinity
  for (const node of tree.nodes) {
    if (node.depth > hiddenBelow) continue
    hiddenBelow = collapsed.has(node.span.id) ? node.depth : Infinity
    rows.push(node)
  }
  return rows
}

/** Whether a span has begun and nothing says that it ended. */
export function isOpen(node: SpanNode): boolean {
  return node.span.end_ms === null && node.span.kind !== 'absent'
}

/** Tokens of a span as one number. */
export function tokenSum(tokens: SpanTokens | null): number {
  return tokens === null ? 0 : tokens.prompt + tokens.completion
}

function readSpans(events: readonly TraceEvent[]): Map<string, Span> {
  const groups = new Map<string, TraceEvent[]>()
  for (const event of events) {
    const own = groups.get(event.span_id)
    if (own) own.push(event)
    else groups.set(event.span_id, [event])
  }
  const spans = new Map<string, Span>()
  for (const [id, group] of groups) {
    spans.set(
      id,
      spanOf(
        id,
        group.sort((left, right) => eventMs(left) - eventMs(right)),
      ),
    )
  }
  return spans
}

function addAbsentParents(spans: Map<string, Span>): number {
  const orphans = new Map<string, Span[]>()
  for (const span of spans.values()) {
    if (span.parent_id === null || spans.has(span.parent_id)) continue
    orphans.set(span.parent_id, [...(orphans.get(span.parent_id) ?? []), span])
  }
  for (const [id, children] of orphans) {
    const start = Math.min(...children.map((child) => child.start_ms))
    spans.set(id, {
      id,
      parent_id: null,
      kind: 'absent',
      name: 'Missing parent',
      start_ms: start,
      end_ms: null,
      duration_ms: null,
      status: '',
      error: null,
      model: '',
      provider: '',
      cost_nanousd: null,
      unpriced: false,
      cost_sources: [],
      tokens: null,
      marks: [],
      events: [],
      cycle: false,
      skew_ms: 0,
    })
  }
  return orphans.size
}

/** Walks up from each span once; where a walk meets itself, the earliest span of the loop becomes a root. */
function cutCycles(spans: Map<string, Span>): void {
  const settled = new Set<string>()
  for (const span of spans.values()) {
    const path: Span[] = []
    const onPath = new Set<string>()
    let at: Span | undefined = span
    while (at !== undefined && !settled.has(at.id) && !onPath.has(at.id)) {
      path.push(at)
      onPath.add(at.id)
      at = at.parent_id === null ? undefined : spans.get(at.parent_id)
    }
    if (at !== undefined && onPath.has(at.id)) {
      const loop = path.slice(path.indexOf(at))
      const first = loop.reduce((earliest, next) => (next.start_ms < earliest.start_ms ? next : earliest))
      first.parent_id = null
      first.cycle = true
    }
    for (const seen of path) settled.add(seen.id)
  }
}

function link(byId: Map<string, SpanNode>): SpanNode[] {
  const roots: SpanNode[] = []
  for (const node of byId.values()) {
    const parent = node.span.parent_id === null ? undefined : byId.get(node.span.parent_id)
    if (parent) parent.children.push(node)
    else roots.push(node)
  }
  const byStart = (left: SpanNode, right: SpanNode) =>
    left.span.start_ms - right.span.start_ms || (left.span.id < right.span.id ? -1 : 1)
  for (const node of byId.values()) node.children.sort(byStart)
  return roots.sort(byStart)
}

function inOrder(roots: readonly SpanNode[]): SpanNode[] {
  const nodes: SpanNode[] = []
  const stack = [...roots].reverse()
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    nodes.push(node)
    for (let at = node.children.length - 1; at >= 0; at--) {
      const child = node.children[at]
      if (child === undefined) continue
      child.depth = node.depth + 1
      stack.push(child)
    }
  }
  return nodes
}

function markSkew(nodes: readonly SpanNode[], byId: Map<string, SpanNode>): void {
  for (const { span } of nodes) {
    const parent = span.parent_id === null ? undefined : byId.get(span.parent_id)
    if (parent === undefined || parent.span.kind === 'absent') continue
    const before = parent.span.start_ms - span.start_ms
    span.skew_ms = before >= SKEW_MS_MIN ? before : 0
  }
}

function addTotals(nodes: readonly SpanNode[], byId: Map<string, SpanNode>): void {
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at]
    if (node === undefined) continue
    node.total_cost_nanousd += node.span.cost_nanousd ?? 0n
    node.total_tokens += tokenSum(node.span.tokens)
    if (node.span.status === 'error' || node.span.status === 'blocked') node.errors++
    const parent = node.span.parent_id === null ? undefined : byId.get(node.span.parent_id)
    if (parent === undefined) continue
    parent.total_cost_nanousd += node.total_cost_nanousd
    parent.total_tokens += node.total_tokens
    parent.descendants += node.descendants + 1
    parent.errors += node.errors
  }
}

function bounds(nodes: readonly SpanNode[]): { start_ms: number; end_ms: number } {
  let start = Infinity
  let end = -Infinity
  for (const { span } of nodes) {
    start = Math.min(start, span.start_ms)
    end = Math.max(end, span.end_ms ?? span.start_ms, ...span.marks.map((mark) => mark.at_ms))
  }
  return Number.isFinite(start) ? { start_ms: start, end_ms: Math.max(end, start) } : { start_ms: 0, end_ms: 0 }
}
