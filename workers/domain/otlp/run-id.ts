const TRACE_CHARS_MAX = 128
const SPAN_CHARS = 16

/**
 * The trace of a run that its client tells by a name of its own (a prompt, a conversation), and the span of its request: every
 * signal of the run names it alike.
 */
export function runOf(name: string): { traceId: string; parentSpanId: string } {
  const id = name.replace(/[^\x21-\x7e]|-/g, '').slice(0, TRACE_CHARS_MAX)
  return { traceId: id, parentSpanId: id.slice(0, SPAN_CHARS) }
}
