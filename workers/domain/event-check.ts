import {
  COST_USD_MAX,
  COUNT_MAX,
  EVENT_TYPES,
  ID_CHARS_MAX,
  OUTCOMES,
  POLICY_RESULTS,
  SCORES_MAX,
  STATUSES,
  TEXT_CHARS_MAX,
} from '../contract/event.ts'

/**
 * Decides exactly as the zod schema `EventInput` (a property test holds the two equal), some thirty times faster.
 * The schema words the error of what this refuses.
 */
type Check = (value: unknown) => boolean

const isString =
  (max: number, min = 0): Check =>
  (v) =>
    typeof v === 'string' && v.length >= min && v.length <= max
const oneOf = (values: readonly string[]): Check => {
  const set = new Set(values)
  return (v) => typeof v === 'string' && set.has(v)
}
const optional =
  (check: Check): Check =>
  (v) =>
    v === null || v === undefined || check(v)
const isNumber =
  (max: number): Check =>
  (v) =>
    typeof v === 'number' && v >= 0 && v <= max
const isCount: Check = (v) => typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= COUNT_MAX
/** As zod, which leaves `__proto__` out of a record, whatever it holds. */
const isRecord =
  (key: Check, value: Check, entriesMax = Infinity): Check =>
  (v) => {
    if (!isPlainObject(v)) return false
    const names = Object.keys(v)
    let entries = names.length
    for (const name of names) {
      if (name === '__proto__') entries--
      else if (!key(name) || !value(v[name])) return false
    }
    return entries <= entriesMax
  }
const anything: Check = () => true

const id = isString(ID_CHARS_MAX, 1)
const TRACE_ID_CHARS_MAX = 128
const traceId: Check = (v) => {
  if (typeof v !== 'string' || v.length === 0 || v.length > TRACE_ID_CHARS_MAX) return false
  for (let i = 0; i < v.length; i++) {
    const code = v.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return false
  }
  return true
}
const milliseconds = isNumber(COUNT_MAX)
const DECIMAL = /^\d{1,7}(\.\d{1,12})?$/
const cost: Check = (v) =>
  typeof v === 'number' ? v >= 0 && v <= COST_USD_MAX : typeof v === 'string' && DECIMAL.test(v)
const isFindings = isRecord(isString(64), isCount, SCORES_MAX)
const pii: Check = (v) => isCount(v) || isFindings(v)

const REQUIRED: Record<string, Check> = {
  event_type: oneOf(EVENT_TYPES),
  timestamp: (v) => (typeof v === 'number' ? Number.isFinite(v) : isString(40)(v)),
  trace_id: traceId,
  span_id: traceId,
}

const OPTIONAL: Record<string, Check> = {
  event_id: id,
  org_id: id,
  workspace_id: id,
  project_id: id,
  parent_span_id: traceId,
  session_id: id,
  user_id: id,
  agent_id: id,
  workflow_id: id,
  workflow_version: id,
  step: id,
  environment: id,
  provider: id,
  model: id,
  prompt_version: id,
  status: oneOf(STATUSES),
  error_type: id,
  error_message: isString(TEXT_CHARS_MAX),
  error_message_hash: id,
  latency_ms: milliseconds,
  time_to_first_token_ms: milliseconds,
  tokens_prompt: isCount,
  tokens_completion: isCount,
  tokens_total: isCount,
  tokens_cached: isCount,
  tokens_cache_write: isCount,
  tokens_reasoning: isCount,
  tokens_cache_write_1h: isCount,
  tokens_prompt_audio: isCount,
  tokens_cached_audio: isCount,
  tokens_prompt_image: isCount,
  tokens_completion_audio: isCount,
  tokens_completion_image: isCount,
  service_tier: id,
  cost_usd: cost,
  tool_name: id,
  attempt: (v) => typeof v === 'number' && Number.isInteger(v) && v >= 0 && v <= 10_000,
  fallback_from: id,
  fallback_to: id,
  policy_id: id,
  policy_result: oneOf(POLICY_RESULTS),
  outcome: oneOf(OUTCOMES),
  scores: isRecord(isString(64, 1), (v) => typeof v === 'number' && Number.isFinite(v), SCORES_MAX),
  pii_detected: pii,
  pii_redacted: pii,
  egress_host: id,
  queue_depth: isCount,
  reservation_id: id,
  response_id: id,
  input: anything,
  output: anything,
  attributes: isRecord(id, anything),
}

const CHECKS = new Map<string, Check>([
  ...Object.entries(REQUIRED),
  ...Object.entries(OPTIONAL).map(([name, check]) => [name, optional(check)] as const),
])

/** Whether this is a field of the event schema; others are kept as attributes. */
export function isKnownField(name: string): boolean {
  return CHECKS.has(name)
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `extra`: valid, with fields that the schema does not know. */
export function checkEvent(value: unknown): 'valid' | 'extra' | 'invalid' {
  if (!isPlainObject(value)) return 'invalid'
  if (!('event_type' in value && 'timestamp' in value && 'trace_id' in value && 'span_id' in value)) return 'invalid'
  let extra = false
  for (const name in value) {
    const check = CHECKS.get(name)
    if (check === undefined) extra = true
    else if (!check(value[name])) return 'invalid'
  }
  return extra ? 'extra' : 'valid'
}
