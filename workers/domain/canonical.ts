import type { Rejection } from '../contract/batch.ts'
import { ATTRIBUTE_KEYS_MAX, ATTRIBUTES_BYTES_MAX, EventInput, type CanonicalEvent, type Status } from '../contract/event.ts'
import { checkEvent, isKnownField } from './event-check.ts'
import { errorTypeOf } from './failure.ts'
import { nanoFromUsd } from './money.ts'
import { parseTimestamp } from './timestamp.ts'
import { normaliseTokens, type TokenConvention } from './tokens.ts'

export interface CanonicalContext {
  tenant: { org_id: string; workspace_id: string; project_id: string }
  keepContent: boolean
  nowMs: number
  /** SHA-256 as hex. */
  sha256: (text: string) => string
}

export type Outcome = { ok: true; event: CanonicalEvent } | { ok: false; code: string; pointer: string; detail: string }

/** Fields that pass unchanged, in the order in which they are stored. */
const COPIED = [
  'trace_id', 'span_id', 'event_id', 'parent_span_id', 'session_id', 'user_id', 'agent_id', 'workflow_id', 'workflow_version',
  'step', 'environment', 'model', 'prompt_version', 'latency_ms', 'time_to_first_token_ms', 'tool_name', 'attempt',
  'fallback_from', 'fallback_to', 'policy_id', 'policy_result', 'outcome', 'scores', 'pii_detected', 'pii_redacted',
  'egress_host', 'queue_depth', 'reservation_id',
] as const
const CONTENT_FREE: TokenConvention = { cache: 'auto' }

/** Checks one event as a client sent it and turns it into its canonical form, or says why not. */
export function canonicalise(input: unknown, context: CanonicalContext): Outcome {
  const verdict = checkEvent(input)
  if (verdict === 'invalid') return worded(input)
  return fromValid(input as EventInput, verdict === 'extra', context)
}

/** Rejections of a batch name the index of the event in it. */
export function rejection(index: number, outcome: Outcome & { ok: false }): Rejection {
  return { index, code: outcome.code, pointer: outcome.pointer, detail: outcome.detail }
}

function fromValid(input: EventInput, hasExtra: boolean, context: CanonicalContext): Outcome {
  const time = parseTimestamp(input.timestamp, context.nowMs)
  if (!time.ok) return { ok: false, code: time.code, pointer: '/timestamp', detail: time.detail }
  for (const field of ['org_id', 'workspace_id', 'project_id'] as const) {
    if (input[field] != null && input[field] !== context.tenant[field]) {
      return { ok: false, code: 'tenant_mismatch', pointer: `/${field}`, detail: `Differs from the key's ${field}: leave it out, the key decides.` }
    }
  }
  const event = { event_type: input.event_type, timestamp: time.ms } as CanonicalEvent
  const target = event as unknown as Record<string, unknown>
  for (const field of COPIED) if (input[field] != null) target[field] = input[field]
  if (input.provider != null) event.provider = input.provider.toLowerCase()
  const attributes = hasExtra ? withExtra(input) : (input.attributes ?? undefined)
  const oversized = attributes && tooLarge(attributes)
  if (oversized) return oversized
  if (attributes && Object.keys(attributes).length > 0) event.attributes = attributes
  if (input.cost_usd != null) {
    const nano = nanoFromUsd(input.cost_usd)
    if (nano === null) return { ok: false, code: 'invalid', pointer: '/cost_usd', detail: 'Not a decimal number of US dollars.' }
    event.cost_nanousd = nano
  }
  setTokens(event, input)
  setStatus(event, input)
  setContent(event, input, context)
  return { ok: true, event }
}

function setTokens(event: CanonicalEvent, input: EventInput): void {
  const { tokens_prompt, tokens_completion, tokens_total, tokens_cached, tokens_cache_write, tokens_reasoning } = input
  if (tokens_prompt == null && tokens_completion == null && tokens_total == null && tokens_cached == null && tokens_cache_write == null) return
  const tokens = normaliseTokens(
    {
      prompt: tokens_prompt ?? undefined, completion: tokens_completion ?? undefined, total: tokens_total ?? undefined,
      cached: tokens_cached ?? undefined, cacheWrite: tokens_cache_write ?? undefined, reasoning: tokens_reasoning ?? undefined,
    },
    CONTENT_FREE,
  )
  event.tokens_prompt = tokens.prompt
  event.tokens_completion = tokens.completion
  event.tokens_total = tokens.total
  if (tokens.cached > 0) event.tokens_cached = tokens.cached
  if (tokens.cacheWrite > 0) event.tokens_cache_write = tokens.cacheWrite
  if (tokens.reasoning > 0) event.tokens_reasoning = tokens.reasoning
}

const ENDS = new Set(['agent.request.completed', 'agent.step.completed', 'agent.tool.called'])

function setStatus(event: CanonicalEvent, input: EventInput): void {
  const failedType = input.event_type === 'agent.tool.failed'
  const status: Status | undefined = input.status ?? (input.error_type != null || failedType ? 'error' : ENDS.has(input.event_type) ? 'ok' : undefined)
  if (status !== undefined) event.status = status
  if (input.error_type != null) {
    event.error_type = errorTypeOf(input.error_type)
    if (event.error_type !== input.error_type) event.error_raw = input.error_type
  } else if (status === 'error') event.error_type = failedType ? 'tool_runtime' : 'unknown'
  else if (status === 'blocked') event.error_type = 'policy_blocked'
}

/** Content stays only where the project keeps it; of an error message the hash of its masked text always does. */
function setContent(event: CanonicalEvent, input: EventInput, context: CanonicalContext): void {
  if (input.error_message != null) event.error_message_hash = errorMessageHash(input.error_message, context.sha256)
  else if (input.error_message_hash != null) event.error_message_hash = input.error_message_hash
  if (!context.keepContent) return
  if (input.error_message != null) event.error_message = input.error_message
  if (input.input != null) event.input = input.input
  if (input.output != null) event.output = input.output
}

const KEYISH = /\b(?:sk|pk|ao|key|bearer)[-_ ][\w*.-]{4,}/gi
const HEXISH = /\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/gi

/** The same failure has the same hash, whatever ids, keys and numbers its text carries. */
export function errorMessageHash(message: string, sha256: (text: string) => string): string {
  const masked = message.replace(KEYISH, '<key>').replace(HEXISH, '<id>').replace(/\d+/g, '<n>').trim()
  return sha256(masked).slice(0, 32)
}

function withExtra(input: EventInput): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...input.attributes }
  for (const [name, value] of Object.entries(input)) if (!isKnownField(name) && value != null) attributes[name] = value
  return attributes
}

function tooLarge(attributes: Record<string, unknown>): (Outcome & { ok: false }) | undefined {
  if (Object.keys(attributes).length > ATTRIBUTE_KEYS_MAX) {
    return { ok: false, code: 'attributes_too_large', pointer: '/attributes', detail: `More than ${ATTRIBUTE_KEYS_MAX} attributes: send fewer, or pack them into one.` }
  }
  if (JSON.stringify(attributes).length > ATTRIBUTES_BYTES_MAX) {
    return { ok: false, code: 'attributes_too_large', pointer: '/attributes', detail: `More than ${ATTRIBUTES_BYTES_MAX} characters as JSON: send less.` }
  }
  return undefined
}

function worded(input: unknown): Outcome {
  const parsed = EventInput.safeParse(input)
  const issue = parsed.success ? undefined : parsed.error.issues[0]
  const pointer = issue ? issue.path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') : ''
  return { ok: false, code: 'invalid', pointer, detail: issue?.message ?? 'Not an event.' }
}
