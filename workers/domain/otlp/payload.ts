import type { EventInput } from '../../contract/event.ts'
import { pickCount, pickText, textOf } from './attributes.ts'
import { classOfSpan, type SpanClass } from './classify.ts'
import type { FlatSpan } from './span.ts'

/** Who and what a span belongs to. */
export type Names = Pick<EventInput, (typeof NAMES)[number]>
const NAMES = ['agent_id', 'workflow_id', 'workflow_version', 'user_id', 'session_id'] as const
const ANCESTORS_MAX = 64
const NO_ID = /^0*$/

/** A span with what the other spans of its payload tell of it. */
export interface PlacedSpan {
  span: FlatSpan
  kind: SpanClass
  parentId: string | undefined
  names: Names
  /** A child span repeats the call that this one retried, and says so itself. */
  isRetryTold: boolean
}

interface Node {
  span: FlatSpan
  kind: SpanClass
  parent: Node | undefined
  names: Names | undefined
  isRetryTold: boolean
}

/** Places every span among the others: ancestors lend their names, and of nested calls only the inner one is a call. */
export function placeSpans(spans: readonly FlatSpan[]): PlacedSpan[] {
  const nodes = spans.map((span): Node => ({
    span,
    kind: classOfSpan(span),
    parent: undefined,
    names: undefined,
    isRetryTold: false,
  }))
  const byId = new Map(nodes.map((node) => [`${node.span.traceId} ${node.span.spanId}`, node]))
  for (const node of nodes) {
    const { traceId, parentSpanId } = node.span
    if (!NO_ID.test(parentSpanId)) node.parent = byId.get(`${traceId} ${parentSpanId}`)
  }
  const calls = nodes.filter((node) => node.kind === 'llm')
  for (const call of calls) markParent(call)
  return nodes.map((node) => ({
    span: node.span,
    kind: node.kind,
    parentId: NO_ID.test(node.span.parentSpanId) ? undefined : node.span.parentSpanId,
    names: withResource(namesOf(node), node.span),
    isRetryTold: node.isRetryTold,
  }))
}

function markParent({ span, parent }: Node): void {
  if (parent === undefined) return
  // Two instrumentations of one call nest: what both report is paid once, by the one next to the provider.
  if (parent.kind === 'llm' && parent.span !== span) parent.kind = 'agent'
  if ((pickCount(span.attributes, 'resend_count') ?? 0) > 0) parent.isRetryTold = true
}

/** Own attributes, else the nearest ancestor's. Each ancestor is asked once, so a deep trace costs no more than a flat one. */
function namesOf(node: Node): Names {
  const path: Node[] = []
  for (
    let at: Node | undefined = node;
    at !== undefined && at.names === undefined && path.length < ANCESTORS_MAX;
    at = at.parent
  ) {
    if (path.includes(at)) break
    path.push(at)
  }
  let inherited: Names = path.at(-1)?.parent?.names ?? {}
  for (const at of path.reverse()) {
    const names: Names = {}
    for (const name of NAMES) names[name] = ownName(at.span, name) ?? inherited[name]
    at.names = names
    inherited = names
  }
  return node.names ?? inherited
}

function ownName(span: FlatSpan, name: (typeof NAMES)[number]): string | undefined {
  const own = pickText(span.attributes, name)
  if (own !== undefined) return own
  if (name === 'workflow_id' && span.name.startsWith('invoke_workflow '))
    return textOf(span.name.slice('invoke_workflow '.length))
  const kind = pickText(span.attributes, 'span_kind')
  const entity = textOf(span.attributes['traceloop.entity.name'])
  if (name === 'workflow_id' && kind === 'workflow') return entity
  if (name === 'agent_id' && (kind === 'agent' || kind === 'AGENT')) return entity ?? textOf(span.name)
  return undefined
}

function withResource(names: Names, { resource }: FlatSpan): Names {
  const service = textOf(resource['service.name'])
  return {
    ...names,
    agent_id: names.agent_id ?? (service?.startsWith('unknown_service') ? undefined : service),
    workflow_version: names.workflow_version ?? textOf(resource['service.version']),
  }
}
