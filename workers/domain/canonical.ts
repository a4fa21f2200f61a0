import type { Rejection } from '../contract/batch.ts'
import {
  ATTRIBUTE_KEYS_MAX,
  ATTRIBUTES_BYTES_MAX,
  COST_USD_MAX,
  type EventInput,
  type CanonicalEvent,
  type Status,
} from '../contract/event.ts'
import { isContentName } from './content-names.ts'
import { egressHostOf } from './egress-host.ts'
import { checkEvent, isKnownField } from './event-check.ts'
import { wordIssue } from './event-wording.ts'
import { errorTypeOf } from './failure.ts'
import { jsonFits } from './json-bounds.ts'
import { nanoFromUsd } from './money.ts'
import { redactEvent } from './pii/guard.ts'
import { cutWhole, redactText } from './pii/redact.ts'
import { parseTimestamp } from './timestamp.ts'
import { normaliseTokens, type TokenConvention, type Tokens } from './tokens.ts'

export interface CanonicalContext {
  tenant: { org_id: string; workspace_id: string; project_id: string }
  keepContent: boolean
  /** Of a key that stands for one environment: what is sent with it is of that one. */
  environment?: string | null
  nowMs: number
  /** SHA-256 as hex. */
  sha256: (text: string) => string
}

export type Refusal = { ok: false; code: string; pointer: string; detail: string }
export type Outcome = { ok: true; event: CanonicalEvent } | Refusal

const ATTRIBUTES_DEPTH_MAX = 16
/** Content over this size is cut, content nested deeper than this is refused. */
const CONTENT_CHARS_MAX = 65_536
const CONTENT_DEPTH_MAX = 64
const NANO_MAX = COST_USD_MAX * 1e9
const BY_NUMBERS: TokenConvention = { cache: 'auto' }

/** Checks one event as a client sent it and turns it into its canonical form, or says why not. */
export function canonicalise(input: unknown, context: CanonicalContext): Outcome {
  const verdict = checkEvent(input)
  if (verdict === 'invalid') return wordIssue(input)
  return fromValid(input as EventInput, verdict === 'extra', context)
}

/** Rejections of a batch name the index of the event in it. */
export function rejection(index: number, { code, pointer, detail }: Refusal): Rejection {
  return { index, code, pointer, detail }
}

function fromValid(input: EventInput, hasExtra: boolean, context: CanonicalContext): Outcome {
  const time = parseTimestamp(input.timestamp, context.nowMs)
  if (!time.ok) return refusal(time.code, '/timestamp', time.detail)
  const refused = contradicts(input, context)
  if (refused) return refused
  const event: CanonicalEvent = {
    event_type: input.event_type,
    timestamp: time.ms,
    trace_id: input.trace_id,
    span_id: input.span_id,
  }
  copyNames(event, input)
  if (context.environment != null) event.environment = context.environment
  copyMarks(event, input)
  setTokens(event, input)
  setStatus(event, input)
  return (
    setCost(event, input) ??
    setAttributes(event, input, hasExtra, context.keepContent) ??
    setContent(event, input, context) ?? { ok: true, event }
  )
}

function refusal(code: string, pointer: string, detail: string): Refusal {
  return { ok: false, code, pointer, detail }
}

function contradicts(input: EventInput, { tenant, environment }: CanonicalContext): Refusal | undefined {
  const { org_id, workspace_id, project_id } = input
  const field =
    org_id != null && org_id !== tenant.org_id
      ? 'org_id'
      : workspace_id != null && workspace_id !== tenant.workspace_id
        ? 'workspace_id'
        : project_id != null && project_id !== tenant.project_id
          ? 'project_id'
          : environment != null && input.environment != null && input.environment !== environment
            ? 'environment'
            : undefined
  return (
    field && refusal('tenant_mismatch', `/${field}`, `Differs from the key's ${field}: leave it out, the key decides.`)
  )
}

/** Spelled out, here and below: a loop over field names costs a third of all the work on an event. */
function copyNames(event: CanonicalEvent, input: EventInput): void {
  if (input.event_id != null) event.event_id = input.event_id
  if (input.parent_span_id != null) event.parent_span_id = input.parent_span_id
  if (input.session_id != null) event.session_id = input.session_id
  if (input.user_id != null) event.user_id = input.user_id
  if (input.agent_id != null) event.agent_id = input.agent_id
  if (input.workflow_id != null) event.workflow_id = input.workflow_id
  if (input.workflow_version != null) event.workflow_version = input.workflow_version
  if (input.step != null) event.step = input.step
  if (input.environment != null) event.environment = input.environment
  if (input.provider != null) event.provider = input.provider.toLowerCase()
  if (input.model != null) event.model = input.model
  if (input.prompt_version != null) event.prompt_version = input.prompt_version
  if (input.latency_ms != null) event.latency_ms = input.latency_ms
  if (input.time_to_first_token_ms != null) event.time_to_first_token_ms = input.time_to_first_token_ms
  if (input.tool_name != null) event.tool_name = input.tool_name
  if (input.service_tier != null) event.service_tier = input.service_tier
}

function copyMarks(event: CanonicalEvent, input: EventInput): void {
  if (input.attempt != null) event.attempt = input.attempt
  if (input.fallback_from != null) event.fallback_from = input.fallback_from
  if (input.fallback_to != null) event.fallback_to = input.fallback_to
  if (input.policy_id != null) event.policy_id = input.policy_id
  if (input.policy_result != null) event.policy_result = input.policy_result
  if (input.outcome != null) event.outcome = input.outcome
  if (input.scores != null) event.scores = safeRecord(input.scores)
  if (input.pii_detected != null) event.pii_detected = safeFindings(input.pii_detected)
  if (input.pii_redacted != null) event.pii_redacted = safeFindings(input.pii_redacted)
  if (input.egress_host != null) event.egress_host = input.egress_host
  if (input.queue_depth != null) event.queue_depth = input.queue_depth
  if (input.reservation_id != null) event.reservation_id = input.reservation_id
  if (input.response_id != null) event.response_id = input.response_id
}

function safeFindings(findings: number | Record<string, number>): number | Record<string, number> {
  return typeof findings === 'number' ? findings : safeRecord(findings)
}

/** The schema leaves `__proto__` out of records, so its value was never checked. */
function safeRecord<T>(record: Record<string, T>): Record<string, T> {
  if (!Object.hasOwn(record, '__proto__')) return record
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== '__proto__'))
}

function setCost(event: CanonicalEvent, input: EventInput): Refusal | undefined {
  if (input.cost_usd == null) return undefined
  const nano = nanoFromUsd(input.cost_usd)
  if (nano === null || nano > NANO_MAX)
    return refusal('invalid', '/cost_usd', `Must be a decimal number of US dollars, at most ${COST_USD_MAX}.`)
  event.cost_nanousd = nano
  return undefined
}

function setTokens(event: CanonicalEvent, input: EventInput): void {
  const reported = {
    prompt: input.tokens_prompt ?? undefined,
    completion: input.tokens_completion ?? undefined,
    total: input.tokens_total ?? undefined,
    cached: input.tokens_cached ?? undefined,
    cacheWrite: input.tokens_cache_write ?? input.tokens_cache_write_1h ?? undefined,
    reasoning: input.tokens_reasoning ?? undefined,
  }
  const { prompt, completion, total, cached, cacheWrite, reasoning } = reported
  if ((prompt ?? completion ?? total ?? cached ?? cacheWrite ?? reasoning) === undefined) return
  const tokens = normaliseTokens(reported, BY_NUMBERS)
  event.tokens_prompt = tokens.prompt
  event.tokens_completion = tokens.completion
  event.tokens_total = tokens.total
  if (tokens.cached > 0) event.tokens_cached = tokens.cached
  if (tokens.cacheWrite > 0) event.tokens_cache_write = tokens.cacheWrite
  if (tokens.reasoning > 0) event.tokens_reasoning = tokens.reasoning
  setParts(event, input, tokens)
}

/** A part is never larger than what it is a part of. */
function setParts(event: CanonicalEvent, input: EventInput, { prompt, completion, cached, cacheWrite }: Tokens): void {
  const written = Math.min(input.tokens_cache_write_1h ?? 0, cacheWrite)
  if (written > 0) event.tokens_cache_write_1h = written
  const audio = Math.min(input.tokens_prompt_audio ?? 0, prompt)
  if (audio > 0) event.tokens_prompt_audio = audio
  // Zero too: it says that what is cached is none of the audio.
  if (audio > 0 && input.tokens_cached_audio != null)
    event.tokens_cached_audio = Math.min(input.tokens_cached_audio, audio, cached)
  const image = Math.min(input.tokens_prompt_image ?? 0, prompt - audio)
  if (image > 0) event.tokens_prompt_image = image
  const spoken = Math.min(input.tokens_completion_audio ?? 0, completion)
  if (spoken > 0) event.tokens_completion_audio = spoken
  const drawn = Math.min(input.tokens_completion_image ?? 0, completion - spoken)
  if (drawn > 0) event.tokens_completion_image = drawn
}

const ENDS = new Set(['agent.request.completed', 'agent.step.completed', 'agent.tool.called'])

function setStatus(event: CanonicalEvent, input: EventInput): void {
  const ofTool = input.event_type === 'agent.tool.failed'
  const failed = input.error_type != null || ofTool
  const status: Status | undefined = input.status ?? (failed ? 'error' : ENDS.has(input.event_type) ? 'ok' : undefined)
  if (status !== undefined) event.status = status
  if (input.error_type != null) {
    event.error_type = errorTypeOf(input.error_type, ofTool)
    if (event.error_type !== input.error_type) event.error_raw = input.error_type
  } else if (status === 'error') event.error_type = ofTool ? 'tool_runtime' : 'unknown'
  else if (status === 'blocked') event.error_type = 'policy_blocked'
}

function setAttributes(
  event: CanonicalEvent,
  input: EventInput,
  hasExtra: boolean,
  keepContent: boolean,
): Refusal | undefined {
  const attributes = hasExtra ? withExtra(input) : input.attributes
  if (attributes == null) return undefined
  let count = 0
  for (const _ in attributes) count++
  if (count === 0) return undefined
  if (count > ATTRIBUTE_KEYS_MAX) {
    return refusal(
      'attributes_too_large',
      '/attributes',
      `More than ${ATTRIBUTE_KEYS_MAX} attributes: send fewer, or pack them into one.`,
    )
  }
  if (!jsonFits(attributes, ATTRIBUTES_BYTES_MAX, ATTRIBUTES_DEPTH_MAX)) {
    const detail = `Over ${ATTRIBUTES_BYTES_MAX} characters as JSON, or nested deeper than ${ATTRIBUTES_DEPTH_MAX}: send less.`
    return refusal('attributes_too_large', '/attributes', detail)
  }
  event.attributes = safeRecord(keepContent ? attributes : withoutContent(attributes))
  if (input.egress_host == null && isOfTool(input)) {
    const host = egressHostOf(attributes)
    if (host !== undefined) event.egress_host = host
  }
  return undefined
}

/** Prompts and answers come under other names too. */
function withoutContent(attributes: Record<string, unknown>): Record<string, unknown> {
  for (const name in attributes)
    if (isContentName(name))
      return Object.fromEntries(Object.entries(attributes).filter(([other]) => !isContentName(other)))
  return attributes
}

function isOfTool({ event_type }: EventInput): boolean {
  return event_type === 'agent.tool.called' || event_type === 'agent.tool.failed'
}

function withExtra(input: EventInput): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...input.attributes }
  for (const name in input) {
    if (isKnownField(name) || name === '__proto__') continue
    const value = input[name]
    if (value != null) attributes[name] = value
  }
  return attributes
}

/**
 * Content stays only where the project keeps it, without personal data and secrets; of an error message the hash of its
 * masked text always does.
 */
function setContent(event: CanonicalEvent, input: EventInput, context: CanonicalContext): Refusal | undefined {
  if (context.keepContent) {
    const refused = admitContent(event, input)
    if (refused) return refused
    redactEvent(event)
  }
  const { error_message, error_message_hash } = input
  if (error_message != null) {
    // Redacted first also where it is not kept: the hash of an address is as good as the address to who can guess it.
    event.error_message_hash = errorMessageHash(event.error_message ?? redactText(error_message, {}), context.sha256)
  } else if (error_message_hash != null) event.error_message_hash = error_message_hash
  return undefined
}

function admitContent(event: CanonicalEvent, input: EventInput): Refusal | undefined {
  if (input.error_message != null) event.error_message = input.error_message
  for (const field of ['input', 'output'] as const) {
    const content = input[field]
    if (content == null) continue
    if (!jsonFits(content, Infinity, CONTENT_DEPTH_MAX)) {
      return refusal('invalid', `/${field}`, `Nested deeper than ${CONTENT_DEPTH_MAX}: send it as text.`)
    }
    event[field] = bounded(content)
  }
  return undefined
}

function bounded(content: unknown): unknown {
  if (jsonFits(content, CONTENT_CHARS_MAX, CONTENT_DEPTH_MAX)) return content
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return `${cutWhole(text, CONTENT_CHARS_MAX)}… [cut at ${CONTENT_CHARS_MAX} characters]`
}

const KEYISH = /\b(?:sk|pk|ao|key|bearer)[-_ ][\w*.-]{4,}/gi
const HEXISH = /\b[0-9a-f]{8,}(?:-[0-9a-f]{4,})*\b/gi
const WORDISH = /[\w-]{8,}/g

/** The same failure has the same hash, whatever ids, keys and numbers its text carries. */
export function errorMessageHash(message: string, sha256: (text: string) => string): string {
  const masked = message
    .replace(KEYISH, '<key>')
    .replace(HEXISH, '<id>')
    .replace(WORDISH, (word) => (/\d/.test(word) ? '<id>' : word))
    .replace(/\d+/g, '<n>')
    .trim()
  return sha256(masked).slice(0, 32)
}
