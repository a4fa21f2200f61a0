import * as z from 'zod'
import { Page, UsdString } from './api.ts'
import { FAILURE_CLASSES } from './failure.ts'
import { LEAKS } from './metrics.ts'

/** What failed, and where; null is what was not told. */
export const Failure = z.object({
  error_type: z.string(),
  error_class: z.string(),
  error_message_hash: z.string().nullable(),
  step: z.string().nullable(),
  tool_name: z.string().nullable(),
  model: z.string().nullable(),
})
export type Failure = z.infer<typeof Failure>

export const TraceSummary = z.object({
  trace_id: z.string(),
  name: z.string(),
  started_at: z.string(),
  duration_ms: z.number(),
  complete: z.boolean(),
  status: z.string(),
  outcome: z.string().nullable(),
  /** When it was said after the run (`POST /v1/outcomes`). */
  outcome_revised_at: z.string().nullable(),
  error_type: z.string().nullable(),
  error_class: z.string().nullable(),
  environment: z.string().nullable(),
  agent_id: z.string().nullable(),
  workflow_id: z.string().nullable(),
  workflow_version: z.string().nullable(),
  user_id: z.string().nullable(),
  session_id: z.string().nullable(),
  providers: z.array(z.string()),
  models: z.array(z.string()),
  prompt_versions: z.array(z.string()).meta({ description: 'What its model calls named' }),
  leaks: z.array(z.string()).meta({ description: 'Ways in which its money leaked, docs/leaks.md' }),
  failures: z.array(Failure).meta({ description: 'What failed in it, however it ended: 32 different at most' }),
  events: z.number(),
  errors: z.number(),
  llm_calls: z.number(),
  tool_calls: z.number(),
  retries: z.number(),
  fallbacks: z.number(),
  unpriced: z.number(),
  cost_usd: UsdString,
  tokens_prompt: z.number(),
  tokens_completion: z.number(),
})
export type TraceSummary = z.infer<typeof TraceSummary>

/** What a trace may have had on its way, however it ended. */
export const TRACE_MARKS = ['errors', 'retries', 'fallbacks'] as const

/** By what a list of traces is ordered; each is a field of TraceSummary, but `tokens`: prompt and completion. */
export const TRACE_SORTS = [
  'started_at',
  'name',
  'agent_id',
  'status',
  'duration_ms',
  'cost_usd',
  'tokens',
  'llm_calls',
] as const
export type TraceSort = (typeof TRACE_SORTS)[number]
export const SORT_ORDERS = ['desc', 'asc'] as const

export const TracesQuery = z.object({
  from: z.iso.datetime({ offset: true }).optional(),
  to: z.iso.datetime({ offset: true }).optional(),
  status: z.string().max(40).optional(),
  error_type: z.string().max(200).optional(),
  agent_id: z.string().max(200).optional(),
  workflow_id: z.string().max(200).optional(),
  workflow_version: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  prompt_version: z.string().max(200).optional(),
  provider: z.string().max(200).optional(),
  user_id: z.string().max(200).optional(),
  environment: z.string().max(200).optional(),
  failure_class: z.enum(FAILURE_CLASSES).optional().meta({
    description:
      'Traces in which a request, step, model call or tool call failed like this, however they ended; what several `failure_…` say is true of one failure',
  }),
  failure_type: z.string().max(200).optional(),
  failure_hash: z.string().max(200).optional().meta({ description: 'The `error_message_hash` of the failure' }),
  failure_step: z.string().max(200).optional(),
  failure_tool: z.string().max(200).optional(),
  failure_model: z.string().max(200).optional(),
  leak: z.enum(LEAKS).optional().meta({ description: 'Traces in which money leaked in this way' }),
  has: z.enum(TRACE_MARKS).optional().meta({ description: 'Traces in which this happened, however they ended' }),
  min_cost_usd: z
    .string()
    .regex(/^\d{1,7}(\.\d{1,9})?$/)
    .optional(),
  q: z.string().max(200).optional().meta({ description: 'Part of a trace id, name, agent, workflow, user or session' }),
  sort: z.enum(TRACE_SORTS).default('started_at').meta({
    description:
      'Any order but that of time is among the newest 50,000 traces of the range, before the filters; the answer says since when',
  }),
  order: z.enum(SORT_ORDERS).default('desc'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional().meta({ description: 'Of the same `sort` and `order`' }),
})
export type TracesQuery = z.infer<typeof TracesQuery>

export const TracesAnswer = Page(TraceSummary).extend({
  /** Since when traces were looked at: later than asked where the range has more than 50,000 and they are sorted. */
  from: z.string(),
  sampled: z.boolean(),
})
export type TracesAnswer = z.infer<typeof TracesAnswer>

export const FailuresQuery = TracesQuery.omit({ sort: true, order: true, limit: true, cursor: true }).extend({
  limit: z.coerce.number().int().min(1).max(500).default(200),
})
export type FailuresQuery = z.infer<typeof FailuresQuery>

export const FailuresAnswer = z.object({
  data: z.array(
    Failure.extend({
      traces: z.number().meta({ description: 'Traces that had it' }),
      first_at: z.string().meta({ description: 'Start of the first of them' }),
      last_at: z.string().meta({ description: 'Start of the last of them' }),
      last_trace_id: z.string(),
    }),
  ),
  /** Since when traces were looked at: later than asked where the range has more than 50,000. */
  from: z.string(),
  sampled: z.boolean(),
})
export type FailuresAnswer = z.infer<typeof FailuresAnswer>

/** A canonical event with its price, in the order it happened. */
export const TraceEvent = z.looseObject({
  event_type: z.string(),
  timestamp: z.string(),
  trace_id: z.string(),
  span_id: z.string(),
  cost_usd: UsdString.optional(),
  cost_source: z.enum(['reported', 'computed', 'unpriced']).optional(),
  error_class: z.string().optional(),
})
export type TraceEvent = z.infer<typeof TraceEvent>
export const TraceDetail = z.object({ trace: TraceSummary, events: z.array(TraceEvent) })
export type TraceDetail = z.infer<typeof TraceDetail>
