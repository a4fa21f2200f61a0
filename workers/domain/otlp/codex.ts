import type { Attributes, FlatSpan } from './span.ts'

/**
 * Codex traces its own functions: 1,350 spans for a turn of eight calls. What means something is kept: the turn, its
 * requests to the model, the answers with their usage, tools, and what was tried again. Kept spans hang on the next kept
 * one above, and say how many were left out.
 */
export function withoutInternals(spans: readonly FlatSpan[]): readonly FlatSpan[] {
  if (!spans.some(isCodex)) return spans
  const own = new Map<string, FlatSpan>()
  for (const span of spans) if (isCodex(span)) own.set(span.spanId, span)
  const told = tellTraces(own.values())
  const kept = spans.filter((span) => !isCodex(span) || isMeant(span))
  const leftOut = spans.length - kept.length
  const turns = turnsOf(own)
  const failed = failedTools(own)
  let counted = leftOut === 0
  return kept.map((span) => {
    if (!isCodex(span)) return span
    const attributes: Attributes = { ...span.attributes, ...told.get(span.traceId), ...MARKS[span.name] }
    if (failed.has(span.spanId)) attributes.success = false
    if (!counted) attributes['agentops.spans.left_out'] = leftOut
    counted = true
    return { ...span, attributes, parentSpanId: parentOf(span, own, turns), durationMs: durationOf(span, own) }
  })
}

const TURN = 'session_task.turn'
const ANSWER = 'handle_responses'
const REQUEST = 'try_run_sampling_request'
const SAMPLING = 'run_sampling_request'
const NAMES = new Set([TURN, 'run_turn', SAMPLING])
const MARKS: Record<string, Attributes> = {
  [TURN]: { 'gen_ai.operation.name': 'invoke_agent' },
  [ANSWER]: { 'gen_ai.operation.name': 'chat' },
}
const ANCESTORS_MAX = 64

function isCodex({ scope }: FlatSpan): boolean {
  return scope.startsWith('codex')
}

function isMeant({ name, attributes, events }: FlatSpan): boolean {
  if (NAMES.has(name)) return true
  if (name === ANSWER) return attributes['gen_ai.usage.input_tokens'] !== undefined
  if (attributes.tool_source !== undefined && attributes.call_id !== undefined) return true
  return events.some((event) => event.attributes['event.name'] === 'codex.retry')
}

/** Model and conversation stand on some spans of a trace, and hold for all. */
function tellTraces(spans: Iterable<FlatSpan>): Map<string, Attributes> {
  const traces = new Map<string, Attributes>()
  for (const { traceId, attributes } of spans) {
    const told = traces.get(traceId) ?? {}
    for (const name of ['model', 'conversation.id'])
      if (typeof attributes[name] === 'string') told[name] = attributes[name]
    traces.set(traceId, told)
  }
  return traces
}

/** Ids of the tools of which a span below tells that they failed. */
function failedTools(own: ReadonlyMap<string, FlatSpan>): Set<string> {
  const failed = new Set<string>()
  for (const span of own.values())
    if (
      span.events.some(
        ({ attributes }) => attributes['event.name'] === 'codex.tool_result' && attributes.success === 'false',
      )
    )
      failed.add(span.parentSpanId)
  return failed
}

/** The turn of each trace, which ends after all of its requests: its own span comes in another payload. */
function turnsOf(own: ReadonlyMap<string, FlatSpan>): Map<string, string> {
  const turns = new Map<string, string>()
  for (const { name, traceId, parentSpanId } of own.values()) if (name === SAMPLING) turns.set(traceId, parentSpanId)
  return turns
}

/** The next span above that is kept; where the payload ends before it, the turn. */
function parentOf(span: FlatSpan, own: ReadonlyMap<string, FlatSpan>, turns: ReadonlyMap<string, string>): string {
  if (span.name === TURN) return ''
  let id = span.parentSpanId
  for (let n = 0; n < ANCESTORS_MAX; n++) {
    const parent = own.get(id)
    if (parent === undefined) return NAMES.has(span.name) ? id : (turns.get(span.traceId) ?? id)
    if (isMeant(parent)) break
    id = parent.parentSpanId
  }
  return id
}

/** An answer's span is the moment in which its last part came: the call began with the request above it. */
function durationOf(span: FlatSpan, own: ReadonlyMap<string, FlatSpan>): number {
  if (span.name !== ANSWER) return span.durationMs
  let at: FlatSpan | undefined = span
  for (let n = 0; at !== undefined && n < ANCESTORS_MAX; n++) {
    if (at.name === REQUEST) return Math.max(0, span.endMs - (at.endMs - at.durationMs))
    at = own.get(at.parentSpanId)
  }
  return span.durationMs
}
