import type { TraceEvent } from '../../../../../workers/contract/trace.ts'
import type { Span, SpanKind } from './span.ts'

export const KIND_WORDS: Record<SpanKind, string> = {
  request: 'Request',
  llm: 'Model call',
  step: 'Step',
  tool: 'Tool',
  mark: 'Event',
  absent: 'Missing parent',
}

/** Shown elsewhere in the panel, or the same for the whole trace. */
const SHOWN = new Set([
  'event_type',
  'timestamp',
  'trace_id',
  'span_id',
  'parent_span_id',
  'attributes',
  'cost_usd',
  'cost_source',
  'error_class',
  'error_type',
  'error_raw',
  'error_message',
  'error_message_hash',
  'tokens_prompt',
  'tokens_completion',
  'tokens_total',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'latency_ms',
  'status',
  'input',
  'output',
])

export interface Fact {
  name: string
  value: string
}

/** Every field and attribute of a span's events that the panel does not show elsewhere; the last one said wins. */
export function attributesOf(span: Span): Fact[] {
  const facts = new Map<string, string>()
  for (const event of span.events) {
    for (const [name, value] of Object.entries(event)) if (!SHOWN.has(name)) add(facts, name, value)
    const own = event.attributes
    if (own !== null && typeof own === 'object')
      for (const [name, value] of Object.entries(own)) add(facts, name, value)
  }
  return [...facts].map(([name, value]) => ({ name, value })).sort((left, right) => left.name.localeCompare(right.name))
}

/** Content that the project keeps: what went in and what came out. */
export function contentOf(span: Span): Fact[] {
  return (['input', 'output'] as const).flatMap((name) => {
    const value = span.events.map((event) => event[name]).findLast((one) => one !== undefined && one !== null)
    return value === undefined
      ? []
      : [{ name, value: typeof value === 'string' ? value : JSON.stringify(value, null, 2) }]
  })
}

/** An event as it is stored, for reading. */
export function rawOf(event: TraceEvent): string {
  return JSON.stringify(event, null, 2)
}

function add(facts: Map<string, string>, name: string, value: unknown): void {
  if (value === undefined || value === null) return
  facts.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value))
}

export interface BarPlace {
  left_percent: number
  width_percent: number
}

/** Where a span lies between the first and the last moment of its trace. An open span reaches to the end. */
export function placeOf(
  span: Pick<Span, 'start_ms' | 'end_ms'>,
  bounds: { start_ms: number; end_ms: number },
): BarPlace {
  const whole = Math.max(1, bounds.end_ms - bounds.start_ms)
  const left = ((span.start_ms - bounds.start_ms) / whole) * 100
  const right = (((span.end_ms ?? bounds.end_ms) - bounds.start_ms) / whole) * 100
  return {
    left_percent: Math.min(100, Math.max(0, left)),
    width_percent: Math.min(100 - left, Math.max(0, right - left)),
  }
}
