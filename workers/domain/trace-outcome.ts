import { OUTCOME_REVISED, type CanonicalEvent } from '../contract/event.ts'
import { OutcomeInput } from '../contract/outcome.ts'
import type { CanonicalContext, Outcome } from './canonical.ts'
import { wordIssue } from './event-wording.ts'
import { redactText } from './pii/redact.ts'
import { parseTimestamp } from './timestamp.ts'

/** Its events are of no span of the run. */
const SPAN = 'outcome'

/** Checks one outcome as a client sent it and turns it into the event that carries it, or says why not. */
export function canonicaliseOutcome(input: unknown, { nowMs }: Pick<CanonicalContext, 'nowMs'>): Outcome {
  const parsed = OutcomeInput.safeParse(input)
  if (!parsed.success) return wordIssue(input, OutcomeInput)
  const { trace_id, outcome, occurred_at, reason, event_id } = parsed.data
  const time = parseTimestamp(occurred_at ?? nowMs, nowMs)
  if (!time.ok) return { ok: false, code: time.code, pointer: '/occurred_at', detail: time.detail }
  const event: CanonicalEvent = {
    event_type: OUTCOME_REVISED,
    timestamp: time.ms,
    trace_id,
    span_id: SPAN,
    outcome,
    ...(event_id != null && { event_id }),
    ...(reason != null && { attributes: { reason: redactText(reason, {}) } }),
  }
  return { ok: true, event }
}
