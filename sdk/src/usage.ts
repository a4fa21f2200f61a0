import type { AgentEvent } from './contract.ts'

/** What an answer of a model says of its call, in fields of an event. */
export type CallFacts = Pick<
  AgentEvent,
  | 'model'
  | 'tokens_prompt'
  | 'tokens_completion'
  | 'tokens_cached'
  | 'tokens_cache_write'
  | 'tokens_reasoning'
  | 'tokens_cache_write_1h'
  | 'tokens_prompt_audio'
  | 'tokens_completion_audio'
  | 'service_tier'
> & { responseId?: string }

type Json = Record<string, unknown>

const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {})
const count = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.round(value) : undefined
const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * Reads what OpenAI (chat completions, responses, embeddings), Anthropic (messages) and the Vercel AI SDK answer; of
 * anything else it finds nothing. Prompt tokens include cached and cache-write ones, completion tokens include
 * reasoning, as the event has them: Anthropic counts the first apart, the others do not.
 */
export function factsOf(answer: unknown): CallFacts {
  const { id, model, usage, response, service_tier } = object(answer)
  if (typeof usage !== 'object' || usage === null) return {}
  const said = object(response)
  return defined({
    model: text(model) ?? text(said['modelId']),
    responseId: text(id) ?? text(said['id']),
    service_tier: text(service_tier),
    ...usageOf(usage),
  })
}

export function usageOf(given: unknown): CallFacts {
  const usage = object(given)
  if ('cache_read_input_tokens' in usage || 'cache_creation_input_tokens' in usage) return ofAnthropic(usage)
  if (typeof usage['inputTokens'] === 'object' || typeof usage['outputTokens'] === 'object') return ofAiSdk(usage)
  if ('inputTokens' in usage || 'outputTokens' in usage) return ofAiSdkResult(usage)
  const input = object(usage['prompt_tokens_details'] ?? usage['input_tokens_details'])
  const output = object(usage['completion_tokens_details'] ?? usage['output_tokens_details'])
  return defined({
    tokens_prompt: count(usage['prompt_tokens'] ?? usage['input_tokens']),
    tokens_completion: count(usage['completion_tokens'] ?? usage['output_tokens']),
    tokens_cached: count(input['cached_tokens']),
    tokens_cache_write: count(input['cache_write_tokens']),
    tokens_reasoning: count(output['reasoning_tokens']),
    tokens_prompt_audio: count(input['audio_tokens']),
    tokens_completion_audio: count(output['audio_tokens']),
  })
}

function ofAnthropic(usage: Json): CallFacts {
  const read = count(usage['cache_read_input_tokens'])
  const written = count(usage['cache_creation_input_tokens'])
  const fresh = count(usage['input_tokens'])
  return defined({
    tokens_prompt: fresh === undefined ? undefined : fresh + (read ?? 0) + (written ?? 0),
    tokens_completion: count(usage['output_tokens']),
    tokens_cached: read,
    tokens_cache_write: written,
    tokens_reasoning: count(object(usage['output_tokens_details'])['thinking_tokens']),
    tokens_cache_write_1h: count(object(usage['cache_creation'])['ephemeral_1h_input_tokens']),
    service_tier: text(usage['service_tier']),
  })
}

/** As language models of the AI SDK count: specification v3 and v4. */
function ofAiSdk(usage: Json): CallFacts {
  const input = object(usage['inputTokens'])
  const output = object(usage['outputTokens'])
  return defined({
    tokens_prompt: count(input['total']),
    tokens_completion: count(output['total']),
    tokens_cached: count(input['cacheRead']),
    tokens_cache_write: count(input['cacheWrite']),
    tokens_reasoning: count(output['reasoning']),
  })
}

/** As `generateText` and its like answer. */
function ofAiSdkResult(usage: Json): CallFacts {
  const input = object(usage['inputTokenDetails'])
  const output = object(usage['outputTokenDetails'])
  return defined({
    tokens_prompt: count(usage['inputTokens']),
    tokens_completion: count(usage['outputTokens']),
    tokens_cached: count(input['cacheReadTokens'] ?? usage['cachedInputTokens']),
    tokens_cache_write: count(input['cacheWriteTokens']),
    tokens_reasoning: count(output['reasoningTokens'] ?? usage['reasoningTokens']),
  })
}

/** Without what is not known, and without parts that are nothing. */
function defined<T extends object>(facts: T): T {
  return Object.fromEntries(
    Object.entries(facts).filter(([name, value]) => value !== undefined && !(value === 0 && PARTS.has(name))),
  ) as T
}

const PARTS = new Set([
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'tokens_cache_write_1h',
  'tokens_prompt_audio',
  'tokens_completion_audio',
])
