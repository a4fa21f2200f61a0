import type { EventInput } from '../../contract/event.ts'
import { egressHostOf } from '../egress-host.ts'
import { keptAttributes, textAt, textOf } from './attributes.ts'
import { withoutInternals } from './codex.ts'
import { finishReasonOf } from './finish.ts'
import { marksOf, whoTells, type Told } from './marks.ts'
import { inOneRun } from './gemini-cli.ts'
import type { Node } from './node.ts'
import { placeSpans } from './payload.ts'
import type { Attributes, FlatSpan } from './span.ts'
import { usageOf } from './usage.ts'

/** Kept with each event as `agentops.mapper.version`; counts up with every change of what a span becomes. */
export const MAPPER_VERSION = 4

/**
 * Maps the spans of one payload to event inputs, grouped by span; the caller checks each as any other event.
 * A call of a model is a step that carries the model, a tool is a tool, a root is a request; tokens and money
 * stand on calls only, or on what sums them where no call is told.
 */
export function eventsOfSpans(spans: readonly FlatSpan[], keepContent: boolean): EventInput[][] {
  const nodes = placeSpans(inOneRun(withoutInternals(spans)))
  const told = whoTells(nodes)
  return nodes.map((node) => eventsOf(node, told, keepContent))
}

export function eventsOf(node: Node, told: Told, keepContent: boolean): EventInput[] {
  const { span, facts, kind, parentId, result } = node
  const place = {
    timestamp: span.endMs,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: parentId,
    environment: environmentOf(node),
    ...node.names,
  }
  const ended = { ...place, ...result, latency_ms: span.durationMs }
  const detail = {
    step: textOf(span.name),
    attributes: attributesOf(node, keepContent),
    ...(keepContent && { input: facts.input, output: facts.output }),
    ...(node.isRollUp && usageOf(node)),
  }
  const events: EventInput[] = []
  if (kind === 'llm') events.push({ ...ended, ...detail, event_type: 'agent.step.completed', ...usageOf(node) })
  else if (kind === 'tool') {
    const event_type = result.status === 'ok' ? 'agent.tool.called' : 'agent.tool.failed'
    const tool = { tool_name: toolOf(node), egress_host: egressHostOf(span.attributes) }
    // Of a tool, not to know why means that it failed as it ran.
    const error_type = result.error_type === 'unknown' ? undefined : result.error_type
    events.push({ ...ended, ...detail, event_type, ...tool, error_type })
  } else if (parentId !== undefined) events.push({ ...ended, ...detail, event_type: 'agent.step.completed' })
  if (parentId === undefined)
    events.push({ ...ended, event_type: 'agent.request.completed', ...(events.length === 0 && detail) })
  return [...events, ...marksOf(node, place, told)]
}

function environmentOf({ span, facts }: Node): string | undefined {
  const { resource } = span
  return (
    textOf(resource['deployment.environment.name'] ?? resource['deployment.environment'] ?? resource.env) ??
    textAt(facts, 'environment')
  )
}

function attributesOf({ span, facts, kind, isRollUp, copyOf }: Node, keepContent: boolean): Attributes {
  const isCall = kind === 'llm' || isRollUp
  const kept = keptAttributes(span, isCall, keepContent)
  kept['agentops.mapper.version'] = MAPPER_VERSION
  if (copyOf !== undefined) kept['agentops.copy_of'] = copyOf.span.spanId
  if (!isCall) return kept
  const finish = finishReasonOf(facts.finish_reason)
  if (finish !== undefined) kept['finish_reason'] = finish
  // What answered is the model; what was asked for differs by a date, or by a fallback.
  const requested = textAt(facts, 'requested_model')
  if (requested !== undefined && requested !== textAt(facts, 'model')) kept['gen_ai.request.model'] = requested
  return kept
}

function toolOf({ span, facts }: Node): string {
  return (
    textAt(facts, 'tool_name') ??
    textAt(facts, 'entity') ??
    textOf(span.name.replace(/^execute_tool /, '')) ??
    'unknown'
  )
}
