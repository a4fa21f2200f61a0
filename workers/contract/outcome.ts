import * as z from 'zod'
import { ID_CHARS_MAX, OUTCOMES, TraceId } from './event.ts'

/**
 * How a run really ended, said after it: a ticket was reopened, a refund was asked for. Of several, the one that
 * happened last counts, in whatever order they come, and any of them more than what the run itself reported.
 */
export const OutcomeInput = z.strictObject({
  trace_id: TraceId,
  outcome: z.enum(OUTCOMES),
  occurred_at: z
    .union([z.number(), z.string().max(40)])
    .nullish()
    .meta({ description: 'RFC 3339 with a zone, or epoch milliseconds; when it is left out, the time of receipt' }),
  reason: z.string().min(1).max(ID_CHARS_MAX).nullish().meta({
    description: 'In a few words, like "refund"; personal data and secrets of known forms are taken out',
  }),
  event_id: z.string().min(1).max(ID_CHARS_MAX).nullish(),
})
export type OutcomeInput = z.infer<typeof OutcomeInput>

/** The body of `POST /v1/outcomes` as JSON; one outcome alone and a bare array are taken too. */
export const OutcomesBody = z.object({ outcomes: z.array(OutcomeInput) })
