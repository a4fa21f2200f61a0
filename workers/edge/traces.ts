import type { EventInput } from '../contract/event.ts'
import { canonicalise, rejection, type CanonicalContext } from '../domain/canonical.ts'
import { flattenTraces } from '../domain/otlp/json.ts'
import { eventsOfSpans } from '../domain/otlp/mapper.ts'
import { decodeTraces } from '../domain/otlp/protobuf.ts'
import type { FlatSpan } from '../domain/otlp/span.ts'
import { accountsOf } from '../domain/otlp/session-call.ts'
import { bearsUsage, type Call } from './signals.ts'
import { readOtlp, type OtlpEncoding, type ParsedOtlp } from './otlp.ts'

export interface ParsedTraces extends ParsedOtlp {
  calls: Call[]
}

/** Spans to canonical events; a refused span keeps its neighbours. @throws AppError unreadable. */
export function parseTraces(body: Uint8Array, encoding: OtlpEncoding, context: CanonicalContext): ParsedTraces {
  return judgeSpans(readOtlp('trace', body, encoding, decodeTraces, flattenTraces), context)
}

/** The events of spans, whoever sent them. */
export function judgeSpans(spans: readonly FlatSpan[], context: CanonicalContext): ParsedTraces {
  const parsed: ParsedTraces = { events: [], rejected: [], refused: 0, calls: [] }
  const groups: EventInput[][] = eventsOfSpans(spans, context.keepContent)
  groups.forEach((group, index) => {
    const outcomes = group.map((input) => canonicalise(input, context))
    const refused = outcomes.find((outcome) => !outcome.ok)
    if (refused && !refused.ok) {
      parsed.rejected.push(rejection(index, refused))
      parsed.refused++
      return
    }
    for (const outcome of outcomes) {
      if (!outcome.ok) continue
      parsed.events.push(outcome.event)
      const span = spans[index]
      if (span === undefined || !bearsUsage(outcome.event)) continue
      const accounts = accountsOf(span.scope, span.resource, outcome.event.session_id)
      parsed.calls.push({ accounts, event: outcome.event })
    }
  })
  return parsed
}
