import { textOf } from './attributes.ts'
import { runOf } from './run-id.ts'
import { clientOf } from './session-call.ts'
import type { FlatSpan } from './span.ts'

/**
 * Gemini CLI makes a trace of each call and of each round of tools. Its spans are put where its records are: in the
 * run of their prompt, or of the conversation where they do not name it.
 */
export function inOneRun(spans: readonly FlatSpan[]): readonly FlatSpan[] {
  return spans.map((span) => {
    if (clientOf(span.scope) !== 'gemini-cli') return span
    const { attributes, parentSpanId } = span
    const name = textOf(attributes['gen_ai.prompt.name']) ?? textOf(attributes['gen_ai.conversation.id'])
    if (name === undefined) return span
    const run = runOf(name)
    return { ...span, traceId: run.traceId, parentSpanId: /^0*$/.test(parentSpanId) ? run.parentSpanId : parentSpanId }
  })
}
