import type { EventInput } from '../contract/event.ts'
import { canonicalise, rejection, type CanonicalContext } from '../domain/canonical.ts'
import { flattenTraces } from '../domain/otlp/json.ts'
import { eventsOfSpans } from '../domain/otlp/mapper.ts'
import { decodeTraces } from '../domain/otlp/protobuf.ts'
import type { FlatSpan } from '../domain/otlp/span.ts'
import { readOtlp, type OtlpEncoding, type ParsedOtlp } from './otlp.ts'

/** Spans to canonical events; a refused span keeps its neighbours. @throws AppError unreadable. */
export function parseTraces(body: Uint8Array, encoding: OtlpEncoding, context: CanonicalContext): ParsedOtlp {
  return judgeSpans(readOtlp('trace', body, encoding, decodeTraces, flattenTraces), context)
}

/** The events of spans, whoever sent them. */
export function judgeSpans(spans: readonly FlatSpan[], context: CanonicalContext): ParsedOtlp {
  const parsed: ParsedOtlp = { events: [], rejected: [], refused: 0 }
  const groups: EventInput[][] = eventsOfSpans(spans, context.keepContent)
  groups.forEach((group, index) => {
    const outcomes = group.map((input) => canonicalise(input, context))
    const refused = outcomes.find((outcome) => !outcome.ok)
    if (refused && !refused.ok) {
      parsed.rejected.push(rejection(index, refused))
      parsed.refused++
      return
    }
    for (const outcome of outcomes) if (outcome.ok) parsed.events.push(outcome.event)
  })
  return parsed
}
