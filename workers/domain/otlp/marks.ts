import { POLICY_RESULTS, type EventInput } from '../../contract/event.ts'
import { toldRetries, modelOf } from './attempts.ts'
import { textAt, textOf } from './attributes.ts'
import { ancestorsOf, type Node } from './node.ts'
import { isDenied } from './status.ts'
import type { SpanEvent } from './span.ts'
import { providerOf } from './usage.ts'

type Place = Pick<EventInput, 'timestamp' | 'trace_id' | 'span_id'> & Partial<EventInput>
type PolicyResult = (typeof POLICY_RESULTS)[number]
const ATTEMPT_MAX = 10_000

/** Nodes whose children tell of a retry or of a fallback themselves. */
export interface Told {
  retries: ReadonlySet<Node>
  fallbacks: ReadonlySet<Node>
}

/** What children and parents both tell is told once: by the call, where it says so, else by the span around it. */
export function whoTells(nodes: readonly Node[]): Told {
  const retries = new Set<Node>()
  const fallbacks = new Set<Node>()
  for (const node of nodes) {
    if (node.parent !== undefined && toldRetries(node) > 0) retries.add(node.parent)
    if (node.span.events.some(({ name }) => name === 'fallback')) fallbacks.add(node)
  }
  return { retries, fallbacks }
}

/** What happened within a span and is an event of its own: retries, fallbacks and decisions of policies. */
export function marksOf(node: Node, place: Place, told: Told): EventInput[] {
  const { span, facts, kind } = node
  const call: Place = { ...place, provider: providerOf(facts), model: textAt(facts, 'model') }
  const marks: EventInput[] = []
  const attempt = node.copyOf === undefined ? attemptOf(node) : 0
  if (attempt > 0) marks.push({ ...call, event_type: 'agent.retry', attempt })
  const from = node.fallbackFrom
  if (kind === 'llm' && from !== undefined && !(node.parent && told.fallbacks.has(node.parent)))
    marks.push({ ...call, event_type: 'agent.fallback.triggered', fallback_from: from, fallback_to: modelToldOf(node) })
  for (const event of span.events) {
    const at = { timestamp: event.timeMs === 0 ? place.timestamp : event.timeMs }
    if (isRetry(event) && attempt === 0 && !told.retries.has(node)) {
      marks.push({ ...call, ...at, event_type: 'agent.retry', attempt: attemptIn(event) })
    } else if (event.name === 'fallback') {
      const fallback_from = named(event, 'from.model', 'fallback.from')
      const fallback_to = named(event, 'to.model', 'fallback.to')
      marks.push({ ...call, ...at, event_type: 'agent.fallback.triggered', fallback_from, fallback_to })
    } else if (event.name === 'policy' || event.name === 'agent.policy.decision') {
      const decided = {
        policy_id: named(event, 'policy.id'),
        policy_result: policyResultOf(named(event, 'policy.result')),
      }
      marks.push({ ...place, ...at, event_type: 'agent.policy.decision', ...decided })
    }
  }
  const decision = decisionOf(node)
  if (decision !== undefined) marks.push({ ...place, event_type: 'agent.policy.decision', ...decision })
  return marks
}

/** The number of this try: by its own word, by a span event around it, or by its siblings. */
function attemptOf(node: Node): number {
  const told = toldRetries(node)
  if (told === 0) return node.kind === 'llm' && !node.parent?.span.events.some(isRetry) ? node.retries : 0
  // Sent again, but to another model: that is the fallback.
  return node.fallbackFrom !== undefined && node.retries === 0 ? 0 : Math.min(told, ATTEMPT_MAX)
}

function modelToldOf(node: Node): string | undefined {
  const asked = modelOf(node)
  return asked === node.fallbackFrom ? textAt(node.facts, 'model') : asked
}

function isRetry({ name, attributes }: SpanEvent): boolean {
  return name === 'retry' || attributes['event.name'] === 'codex.retry'
}

function attemptIn({ attributes }: SpanEvent): number {
  const attempt = Number(attributes.attempt ?? attributes['retry.attempt'])
  return Number.isInteger(attempt) && attempt > 0 ? Math.min(attempt, ATTEMPT_MAX) : 1
}

/** A guardrail that says nothing let pass what it saw, unless it failed or warned. */
function decisionOf(node: Node): Partial<EventInput> | undefined {
  const { span, facts, kind, result } = node
  if (kind === 'guardrail') {
    const told = policyResultOf(textAt(facts, 'decision'))
    const byLevel = textAt(facts, 'level') === 'WARNING' ? 'escalate' : 'allow'
    const policy_result = told ?? (result.status === 'ok' ? byLevel : 'block')
    return { policy_id: textAt(facts, 'policy_id') ?? textOf(span.name), policy_result }
  }
  if (kind !== 'permission') return undefined
  const policy_result = isDenied(facts) ? 'block' : policyResultOf(textAt(facts, 'decision'))
  if (policy_result === undefined) return undefined
  const [tool] = [...ancestorsOf(node)].filter((above) => above.kind === 'tool')
  return { policy_id: `tool-permission:${(tool && textAt(tool.facts, 'tool_name')) ?? 'unknown'}`, policy_result }
}

const RESULTS: Record<string, PolicyResult> = {
  allowed: 'allow',
  accept: 'allow',
  approved: 'allow',
  deny: 'block',
  denied: 'block',
  reject: 'block',
  blocked: 'block',
  escalated: 'escalate',
  ask: 'escalate',
}

function policyResultOf(told: string | undefined): PolicyResult | undefined {
  const result = told?.toLowerCase() ?? ''
  return (
    POLICY_RESULTS.find((known) => known === result) ?? (Object.hasOwn(RESULTS, result) ? RESULTS[result] : undefined)
  )
}

function named({ attributes }: SpanEvent, ...names: string[]): string | undefined {
  for (const name of names) {
    const text = textOf(attributes[name])
    if (text !== undefined) return text
  }
  return undefined
}
