import { TEXT_CHARS_MAX, type EventInput } from '../../contract/event.ts'
import { egressHostOf } from '../egress-host.ts'
import { errorTypeOf } from '../failure.ts'
import { cutWhole } from '../pii/redact.ts'
import { keptAttributes, pick, pickNumber, pickText, textOf } from './attributes.ts'
import { marksOf } from './marks.ts'
import { placeSpans, type PlacedSpan } from './payload.ts'
import type { FlatSpan } from './span.ts'
import { usageOf } from './usage.ts'

/**
 * Maps the spans of one payload to event inputs, grouped by span; the caller checks each as any other event.
 * A call of a model is a step that carries the model, a tool is a tool, a root is a request; tokens and money
 * stand on calls only.
 */
export function eventsOfSpans(spans: readonly FlatSpan[], keepContent: boolean): EventInput[][] {
  return placeSpans(spans).map((placed) => eventsOf(placed, keepContent))
}

function eventsOf(placed: PlacedSpan, keepContent: boolean): EventInput[] {
  const { span, kind, names, parentId } = placed
  const place = {
    timestamp: span.endMs,
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: parentId,
    environment: pickText(span.resource, 'environment') ?? pickText(span.attributes, 'environment'),
    ...names,
  }
  const ended = { ...place, ...resultOf(span), latency_ms: span.durationMs }
  const detail = {
    step: textOf(span.name),
    attributes: keptAttributes(span, kind === 'llm', keepContent),
    ...contentOf(span, keepContent),
  }
  const events: EventInput[] = []
  if (kind === 'llm') events.push({ ...ended, ...detail, event_type: 'agent.step.completed', ...usageOf(span) })
  else if (kind === 'tool') {
    const event_type = ended.status === 'error' ? 'agent.tool.failed' : 'agent.tool.called'
    events.push({
      ...ended,
      ...detail,
      event_type,
      tool_name: toolOf(span),
      egress_host: egressHostOf(span.attributes),
    })
  } else if (parentId !== undefined) events.push({ ...ended, ...detail, event_type: 'agent.step.completed' })
  if (parentId === undefined)
    events.push({ ...ended, event_type: 'agent.request.completed', ...(events.length === 0 && detail) })
  return [...events, ...marksOf(placed, place)]
}

const NO_ERROR = new Set(['_OTHER', 'unknown', ''])

/** OTLP's status alone lies: an exception, an error type or an HTTP status counts as well. */
function resultOf(span: FlatSpan): Pick<EventInput, 'status' | 'error_type' | 'error_message'> {
  const exception = span.events.find((event) => event.name === 'exception')?.attributes
  const httpStatus = pickNumber(span.attributes, 'http_status') ?? 0
  const reasons = [
    pickText(span.attributes, 'error_type'),
    textOf(exception?.['exception.type']),
    httpStatus >= 400 ? String(httpStatus) : undefined,
  ].filter((reason) => reason !== undefined && !NO_ERROR.has(reason))
  if (span.statusCode !== 2 && exception === undefined && reasons.length === 0) return { status: 'ok' }
  const message = span.statusMessage || exception?.['exception.message']
  return {
    status: 'error',
    // A class named "Error" tells less than the status code beside it.
    error_type:
      reasons.find((reason) => reason !== undefined && errorTypeOf(reason) !== 'unknown') ?? reasons[0] ?? 'unknown',
    error_message: typeof message === 'string' && message !== '' ? cutWhole(message, TEXT_CHARS_MAX) : undefined,
  }
}

function toolOf(span: FlatSpan): string {
  return pickText(span.attributes, 'tool_name') ?? textOf(span.name.replace(/^execute_tool /, '')) ?? 'unknown'
}

function contentOf(span: FlatSpan, keepContent: boolean): Partial<EventInput> {
  return keepContent ? { input: pick(span.attributes, 'input'), output: pick(span.attributes, 'output') } : {}
}
