import { textAt, textOf } from './attributes.ts'
import { countCallsOnce } from './calls.ts'
import { classOfSpan } from './classify.ts'
import { tellAttempts } from './attempts.ts'
import { ANCESTORS_MAX, NAMES, type Names, type Node } from './node.ts'
import { factsOf } from './read-facts.ts'
import { responseIdOf } from './response-id.ts'
import type { FlatSpan } from './span.ts'
import { tellResults } from './status.ts'

const NO_ID = /^0*$/

/** Places every span among the others: ancestors lend their names, and each call of a model is found once. */
export function placeSpans(spans: readonly FlatSpan[]): Node[] {
  const nodes = spans.map(nodeOf)
  const byId = new Map(nodes.map((node) => [`${node.span.traceId} ${node.span.spanId}`, node]))
  for (const node of nodes)
    if (node.parentId !== undefined) {
      const parent = byId.get(`${node.span.traceId} ${node.parentId}`)
      if (parent !== node) node.parent = parent
    }
  tellResults(nodes)
  countCallsOnce(nodes)
  tellAttempts(nodes)
  for (const node of nodes) node.names = withResource(namesOf(node), node.span)
  return nodes
}

function nodeOf(span: FlatSpan): Node {
  const facts = factsOf(span.attributes)
  const kind = classOfSpan(span, facts)
  return {
    span,
    facts,
    kind,
    parentId: NO_ID.test(span.parentSpanId) ? undefined : span.parentSpanId,
    parent: undefined,
    names: undefined,
    result: { status: 'ok' },
    responseId: kind === 'llm' ? responseIdOf(facts) : undefined,
    isRollUp: false,
    copyOf: undefined,
    copy: undefined,
    retries: 0,
    fallbackFrom: undefined,
  }
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
    for (const name of NAMES) names[name] = ownName(at, name) ?? inherited[name]
    at.names = names
    inherited = names
  }
  return node.names ?? inherited
}

function ownName({ span, facts, parentId }: Node, name: (typeof NAMES)[number]): string | undefined {
  const own = textAt(facts, name)
  if (own !== undefined) return own
  const kind = textAt(facts, 'kind')
  if (name === 'agent_id' && kind?.toLowerCase() === 'agent') return textAt(facts, 'entity') ?? textOf(span.name)
  if (name !== 'workflow_id') return undefined
  if (span.name.startsWith('invoke_workflow ')) return textOf(span.name.slice('invoke_workflow '.length))
  if (kind === 'workflow') return textAt(facts, 'entity')
  // LangSmith and OpenInference name the run as a whole after its root.
  const isRun = facts.is_root !== undefined || (kind === 'CHAIN' && parentId === undefined)
  return isRun ? textOf(span.name) : undefined
}

function withResource(names: Names, { resource }: FlatSpan): Names {
  const service = textOf(resource['service.name'])
  return {
    ...names,
    agent_id: names.agent_id ?? (service?.startsWith('unknown_service') ? undefined : service),
    workflow_version: names.workflow_version ?? textOf(resource['service.version']),
  }
}
