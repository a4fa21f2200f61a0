import type { TraceEvent } from '../../../../../workers/contract/trace.ts'
import { nanoOf } from '../../money.ts'
import type { Mark, MarkKind, Span, SpanError, SpanKind } from './span.ts'

const MARKS: Record<string, MarkKind> = {
  'agent.retry': 'retry',
  'agent.fallback.triggered': 'fallback',
  'agent.policy.decision': 'policy',
  'agent.budget.threshold_hit': 'budget',
}

/** A field of an event as text; empty when absent. */
export function text(event: TraceEvent, field: string): string {
  const value = event[field]
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}

/** A field of an event as a number, or null. */
export function number(event: TraceEvent, field: string): number | null {
  const value = event[field]
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** When an event happened, epoch milliseconds; NaN when it cannot be read. */
export function eventMs(event: TraceEvent): number {
  return Date.parse(event.timestamp)
}

/** Events that say the same thing of the same moment are one: a redelivered batch adds nothing. */
export function withoutDuplicates(events: readonly TraceEvent[]): TraceEvent[] {
  const seen = new Set<string>()
  return events.filter((event) => {
    const own = text(event, 'event_id')
    const fields = ['attempt', 'tool_name', 'model'].map((field) => text(event, field))
    const key = own === '' ? [event.event_type, event.span_id, event.timestamp, ...fields].join('\n') : `id\n${own}`
    if (seen.has(key)) return false
    seen.add(key)
    return true
  })
}

/** The span that some events with one id describe. They come in the order in which they happened. */
export function spanOf(id: string, events: readonly TraceEvent[]): Span {
  const lifecycle = events.filter((event) => MARKS[event.event_type] === undefined)
  const span: Span = {
    id,
    parent_id: null,
    kind: kindOf(lifecycle),
    name: nameOf(lifecycle.length > 0 ? lifecycle : events),
    ...timesOf(lifecycle, events),
    status: '',
    error: null,
    model: last(events, 'model'),
    provider: last(events, 'provider'),
    cost_nanousd: null,
    unpriced: false,
    cost_sources: [],
    tokens: null,
    marks: [],
    events: [...events],
    cycle: false,
    skew_ms: 0,
  }
  for (const event of events) addEvent(span, event)
  const own = lifecycle.length > 0 ? lifecycle : events
  span.status = last(own, 'status') || (own.some((event) => event.event_type === 'agent.tool.failed') ? 'error' : '')
  if (span.status === '') span.status = span.end_ms === null ? 'open' : 'ok'
  return span
}

function addEvent(span: Span, event: TraceEvent): void {
  const parent = text(event, 'parent_span_id')
  if (span.parent_id === null && parent !== '') span.parent_id = parent
  const mark = MARKS[event.event_type]
  if (mark !== undefined) span.marks.push(markOf(mark, event))
  if (event.cost_usd !== undefined) span.cost_nanousd = (span.cost_nanousd ?? 0n) + nanoOf(event.cost_usd)
  if (event.cost_source === 'unpriced') span.unpriced = true
  if (event.cost_source !== undefined && !span.cost_sources.includes(event.cost_source))
    span.cost_sources.push(event.cost_source)
  addTokens(span, event)
  const type = text(event, 'error_type')
  if (type !== '' && (mark === undefined || span.kind === 'mark')) span.error = errorOf(event, type)
}

function addTokens(span: Span, event: TraceEvent): void {
  const read = (field: string) => number(event, field) ?? 0
  const prompt = read('tokens_prompt')
  const completion = read('tokens_completion')
  if (prompt + completion === 0) return
  const sum = span.tokens ?? { prompt: 0, cached: 0, cache_write: 0, completion: 0, reasoning: 0 }
  span.tokens = {
    prompt: sum.prompt + prompt,
    cached: sum.cached + read('tokens_cached'),
    cache_write: sum.cache_write + read('tokens_cache_write'),
    completion: sum.completion + completion,
    reasoning: sum.reasoning + read('tokens_reasoning'),
  }
}

function errorOf(event: TraceEvent, type: string): SpanError {
  return {
    type,
    class: event.error_class ?? '',
    raw: text(event, 'error_raw'),
    message: text(event, 'error_message'),
    hash: text(event, 'error_message_hash'),
  }
}

function markOf(kind: MarkKind, event: TraceEvent): Mark {
  const from = text(event, 'fallback_from')
  const to = text(event, 'fallback_to')
  const attempt = text(event, 'attempt')
  const words: Record<MarkKind, string> = {
    retry: ['Retry', attempt, reason(event)].filter(Boolean).join(' '),
    fallback: `Fallback ${from || '?'} → ${to || text(event, 'model') || '?'}${reason(event) === '' ? '' : ` ${reason(event)}`}`,
    policy: `Policy ${text(event, 'policy_id')} ${text(event, 'policy_result')}`.replace(/ +/g, ' ').trim(),
    budget: 'Budget threshold',
  }
  return { kind, at_ms: eventMs(event), text: words[kind] }
}

function reason(event: TraceEvent): string {
  const type = text(event, 'error_type')
  return type === '' ? '' : `after ${type}`
}

function kindOf(lifecycle: readonly TraceEvent[]): SpanKind {
  const has = (prefix: string) => lifecycle.some((event) => event.event_type.startsWith(prefix))
  if (lifecycle.length === 0) return 'mark'
  if (has('agent.request')) return 'request'
  if (has('agent.tool')) return 'tool'
  return lifecycle.some((event) => text(event, 'model') !== '') ? 'llm' : 'step'
}

function nameOf(events: readonly TraceEvent[]): string {
  const isRequest = events.some((event) => event.event_type.startsWith('agent.request'))
  const order = isRequest
    ? ['workflow_id', 'agent_id', 'step', 'model']
    : ['tool_name', 'step', 'model', 'policy_id', 'fallback_to']
  for (const field of order) {
    const value = last(events, field)
    if (value !== '') return value
  }
  return events[0]?.event_type.replace(/^agent\./, '').replace(/\.[a-z_]+$/, '') ?? ''
}

/** A started event gives the start; a completed or tool event gives the end, and the start by its latency. */
function timesOf(
  lifecycle: readonly TraceEvent[],
  all: readonly TraceEvent[],
): Pick<Span, 'start_ms' | 'end_ms' | 'duration_ms'> {
  let start = Infinity
  let end: number | null = null
  let latency: number | null = null
  for (const event of lifecycle.length > 0 ? lifecycle : all) {
    const at = eventMs(event)
    const took = number(event, 'latency_ms')
    const isStart = event.event_type.endsWith('.started')
    start = Math.min(start, at - (took ?? 0))
    if (isStart) continue
    end = Math.max(end ?? at, at)
    latency = took === null ? latency : Math.max(latency ?? 0, took)
  }
  if (end === null) return { start_ms: start, end_ms: null, duration_ms: null }
  return { start_ms: start, end_ms: end, duration_ms: latency ?? Math.max(0, end - start) }
}

function last(events: readonly TraceEvent[], field: string): string {
  for (let at = events.length - 1; at >= 0; at--) {
    const event = events[at]
    const value = event === undefined ? '' : text(event, field)
    if (value !== '') return value
  }
  return ''
}
