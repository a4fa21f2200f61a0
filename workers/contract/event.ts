import * as z from 'zod'

/** The ten event types (DESIGN: event model). Order is stable: it is stored by name, never by index. */
export const EVENT_TYPES = [
  'agent.request.started',
  'agent.request.completed',
  'agent.step.started',
  'agent.step.completed',
  'agent.tool.called',
  'agent.tool.failed',
  'agent.retry',
  'agent.fallback.triggered',
  'agent.policy.decision',
  'agent.budget.threshold_hit',
] as const
export type EventType = (typeof EVENT_TYPES)[number]
/** Made by the guard and taken from nobody: what was settled without an event, or a part of it taken back. */
export const SETTLEMENT = 'agent.budget.settlement'
/** What `POST /v1/outcomes` becomes (contract/outcome.ts); not taken as an event. */
export const OUTCOME_REVISED = 'agent.outcome.revised'

export const STATUSES = ['ok', 'error', 'blocked', 'cancelled'] as const
export type Status = (typeof STATUSES)[number]
export const POLICY_RESULTS = ['allow', 'block', 'escalate'] as const
export const OUTCOMES = ['success', 'failure'] as const

/** Limits of one event, shared by the zod schema and the fast check. */
export const ID_CHARS_MAX = 200
export const TEXT_CHARS_MAX = 32_768
export const ATTRIBUTE_KEYS_MAX = 128
export const ATTRIBUTES_BYTES_MAX = 16_384
export const SCORES_MAX = 32
export const COST_USD_MAX = 1_000_000
export const COUNT_MAX = 1_000_000_000
/** Imports may reach this far back … */
export const TIMESTAMP_AGE_DAYS_MAX = 400
/** … and clocks may run this far ahead. */
export const TIMESTAMP_AHEAD_MINUTES_MAX = 10

const id = z.string().min(1).max(ID_CHARS_MAX)
export const TraceId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces')
const count = z.number().int().min(0).max(COUNT_MAX)
const milliseconds = z.number().min(0).max(COUNT_MAX)
const text = z.string().max(TEXT_CHARS_MAX)
const json: z.ZodType<unknown> = z.unknown()
const isShort = (record: object) => Object.keys(record).length <= SCORES_MAX
const few = `must have at most ${SCORES_MAX} entries`
const findings = z.union([count, z.record(z.string().max(64), count).refine(isShort, few)])

/**
 * One event as a client sends it. Times: RFC 3339 with zone, or epoch milliseconds. Fields this
 * version does not know are kept as attributes. `tokens_prompt` includes cached and cache-write
 * tokens, `tokens_completion` includes reasoning; an event that plainly counts them apart
 * (total, or cached > prompt) is normalised.
 */
export const EventInput = z.looseObject({
  event_type: z.enum(EVENT_TYPES),
  timestamp: z.union([z.number(), z.string().max(40)]).meta({
    description: 'RFC 3339 with a zone, or epoch milliseconds: when the event happened (for `*.completed`, its end)',
  }),
  trace_id: TraceId,
  span_id: TraceId,
  event_id: id.nullish(),
  org_id: id.nullish(),
  workspace_id: id.nullish(),
  project_id: id.nullish(),
  parent_span_id: TraceId.nullish(),
  session_id: id.nullish(),
  user_id: id.nullish(),
  agent_id: id.nullish(),
  workflow_id: id.nullish(),
  workflow_version: id.nullish(),
  step: id.nullish(),
  environment: id.nullish(),
  provider: id.nullish(),
  model: id.nullish(),
  prompt_version: id.nullish(),
  status: z.enum(STATUSES).nullish(),
  error_type: id
    .nullish()
    .meta({ description: 'Mapped to the failure taxonomy; HTTP codes and exception names are understood' }),
  error_message: text.nullish(),
  error_message_hash: id.nullish(),
  latency_ms: milliseconds.nullish(),
  time_to_first_token_ms: milliseconds.nullish(),
  tokens_prompt: count.nullish(),
  tokens_completion: count.nullish(),
  tokens_total: count.nullish(),
  tokens_cached: count.nullish(),
  tokens_cache_write: count.nullish(),
  tokens_reasoning: count.nullish(),
  tokens_cache_write_1h: count.nullish().meta({ description: 'Of `tokens_cache_write`: kept for an hour' }),
  tokens_prompt_audio: count.nullish().meta({ description: 'Of `tokens_prompt`' }),
  tokens_cached_audio: count.nullish().meta({ description: 'Of `tokens_cached`' }),
  tokens_prompt_image: count.nullish().meta({ description: 'Of `tokens_prompt`' }),
  tokens_completion_audio: count.nullish().meta({ description: 'Of `tokens_completion`' }),
  tokens_completion_image: count.nullish().meta({ description: 'Of `tokens_completion`' }),
  service_tier: id.nullish().meta({
    description: 'How the provider served the call, in its word: `default`, `flex`, `priority`, `batch` …',
  }),
  cost_usd: z
    .union([
      z.number().min(0).max(COST_USD_MAX),
      z.string().regex(/^\d{1,7}(\.\d{1,12})?$/, 'must be a decimal number of US dollars'),
    ])
    .nullish(),
  tool_name: id.nullish(),
  attempt: z.number().int().min(0).max(10_000).nullish().meta({
    description: 'Tries before this one: 0 for the first, and from 1 on for retries',
  }),
  fallback_from: id.nullish(),
  fallback_to: id.nullish(),
  policy_id: id.nullish(),
  policy_result: z.enum(POLICY_RESULTS).nullish(),
  outcome: z.enum(OUTCOMES).nullish(),
  scores: z.record(z.string().min(1).max(64), z.number()).refine(isShort, few).nullish(),
  pii_detected: findings.nullish(),
  pii_redacted: findings.nullish(),
  egress_host: id.nullish(),
  queue_depth: count.nullish(),
  reservation_id: id.nullish(),
  response_id: id.nullish().meta({
    description: "The provider's id of the answer (`chatcmpl-…`, `msg_…`): a call told twice is paid once",
  }),
  input: json.nullish(),
  output: json.nullish(),
  attributes: z.record(z.string().min(1).max(ID_CHARS_MAX), json).nullish(),
})
export type EventInput = z.infer<typeof EventInput>

/** The body of `POST /v1/events` as JSON; NDJSON is one event a line. */
export const EventsBody = z.object({ events: z.array(EventInput) })

/**
 * One event as everything behind the edge sees it: validated, normalised, without content that the
 * project does not keep. Absent means unknown; nothing is null. Tokens are inclusive sums whose
 * parts are disjoint (prompt ≥ cached + cache_write, completion ≥ reasoning).
 */
export interface CanonicalEvent {
  event_type: EventType | typeof SETTLEMENT | typeof OUTCOME_REVISED
  /** Epoch milliseconds, UTC. */
  timestamp: number
  trace_id: string
  span_id: string
  event_id?: string
  parent_span_id?: string
  session_id?: string
  user_id?: string
  agent_id?: string
  workflow_id?: string
  workflow_version?: string
  step?: string
  environment?: string
  provider?: string
  model?: string
  prompt_version?: string
  status?: Status
  /** A name of the failure taxonomy (domain/failure.ts). */
  error_type?: string
  /** What the client called the error, where it differs from the taxonomy's name. */
  error_raw?: string
  error_message?: string
  error_message_hash?: string
  latency_ms?: number
  time_to_first_token_ms?: number
  tokens_prompt?: number
  tokens_completion?: number
  tokens_total?: number
  tokens_cached?: number
  tokens_cache_write?: number
  tokens_reasoning?: number
  tokens_cache_write_1h?: number
  tokens_prompt_audio?: number
  tokens_cached_audio?: number
  tokens_prompt_image?: number
  tokens_completion_audio?: number
  tokens_completion_image?: number
  service_tier?: string
  /** Reported by the client, integer nano-dollars; negative only where the guard takes an entry back. */
  cost_nanousd?: number
  tool_name?: string
  attempt?: number
  fallback_from?: string
  fallback_to?: string
  policy_id?: string
  policy_result?: (typeof POLICY_RESULTS)[number]
  outcome?: (typeof OUTCOMES)[number]
  scores?: Record<string, number>
  pii_detected?: number | Record<string, number>
  pii_redacted?: number | Record<string, number>
  egress_host?: string
  queue_depth?: number
  reservation_id?: string
  /** The provider's id of the answer. */
  response_id?: string
  input?: unknown
  output?: unknown
  attributes?: Record<string, unknown>
}

/** Where an amount came from. `unpriced`: a model with tokens that the catalogue does not know. */
export const COST_SOURCES = ['reported', 'computed', 'unpriced'] as const
export type CostSource = (typeof COST_SOURCES)[number]
