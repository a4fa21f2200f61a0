import { POLICY_RESULTS, type EventInput } from '../../contract/event.ts'
import { pickCount, pickText, textOf } from './attributes.ts'
import type { PlacedSpan } from './payload.ts'
import type { SpanEvent } from './span.ts'
import { providerOf } from './usage.ts'

type Place = Pick<EventInput, 'timestamp' | 'trace_id' | 'span_id'> & Partial<EventInput>
const ATTEMPT_MAX = 10_000

/** What happened within a span and is an event of its own: resends, and span events named retry, fallback, policy. */
export function marksOf({ span, isRetryTold }: PlacedSpan, place: Place): EventInput[] {
  const call: Place = {
    ...place,
    provider: providerOf(pickText(span.attributes, 'provider')),
    model: pickText(span.attributes, 'model'),
  }
  const resent = pickCount(span.attributes, 'resend_count') ?? 0
  const marks: EventInput[] = []
  if (resent > 0) marks.push({ ...call, event_type: 'agent.retry', attempt: Math.min(resent, ATTEMPT_MAX) })
  for (const event of span.events) {
    const at = event.timeMs === 0 ? place.timestamp : event.timeMs
    if (event.name === 'retry' && resent === 0 && !isRetryTold) {
      marks.push({ ...call, timestamp: at, event_type: 'agent.retry', attempt: attemptOf(event) })
    } else if (event.name === 'fallback') {
      const fallback_from = named(event, 'from.model', 'fallback.from')
      const fallback_to = named(event, 'to.model', 'fallback.to')
      marks.push({ ...call, timestamp: at, event_type: 'agent.fallback.triggered', fallback_from, fallback_to })
    } else if (event.name === 'policy' || event.name === 'agent.policy.decision') {
      const decided = { policy_id: named(event, 'policy.id'), policy_result: resultOf(event) }
      marks.push({ ...place, timestamp: at, event_type: 'agent.policy.decision', ...decided })
    }
  }
  return marks
}

function attemptOf({ attributes }: SpanEvent): number {
  const attempt = Number(attributes.attempt)
  return Number.isInteger(attempt) && attempt > 0 ? Math.min(attempt, ATTEMPT_MAX) : 1
}

const RESULTS: Record<string, (typeof POLICY_RESULTS)[number]> = {
  allowed: 'allow',
  deny: 'block',
  denied: 'block',
  blocked: 'block',
  escalated: 'escalate',
  ask: 'escalate',
}

function resultOf(event: SpanEvent): (typeof POLICY_RESULTS)[number] | undefined {
  const result = named(event, 'policy.result')?.toLowerCase() ?? ''
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
