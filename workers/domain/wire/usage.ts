import type { RunUsage } from '../../contract/wire.ts'
import { normaliseTokens, type TokenConvention } from '../tokens.ts'
import { firstCount, objectOf } from './read.ts'

/** Where a token count lies, by the names that clients give it; a dot goes into an object. */
const NAMES = {
  prompt: ['input_tokens', 'prompt_tokens', 'promptTokens', 'input', 'prompt', 'inputTokens', 'promptTokenCount'],
  completion: ['output_tokens', 'completion_tokens', 'completionTokens', 'output', 'completion', 'outputTokens'],
  total: ['total_tokens', 'totalTokens', 'total'],
  cached: [
    'input_token_details.cache_read',
    'prompt_tokens_details.cached_tokens',
    'input_tokens_details.cached_tokens',
    'cached_input_tokens',
    'input_cached_tokens',
    'input_cache_read',
    'cache_read_input_tokens',
    'prompt_cached_tokens',
    'promptCached',
  ],
  cacheWrite: [
    'input_token_details.cache_creation',
    'cache_write_input_tokens',
    'cache_creation_input_tokens',
    'prompt_cache_creation_tokens',
    'input_cache_creation',
    'input_cache_write',
  ],
  reasoning: [
    'output_token_details.reasoning',
    'completion_tokens_details.reasoning_tokens',
    'output_tokens_details.reasoning_tokens',
    'output_reasoning_tokens',
    'completion_reasoning_tokens',
    'output_reasoning',
    'reasoning_tokens',
  ],
  cacheWrite1h: ['cache_creation.ephemeral_1h_input_tokens', 'input_token_details.ephemeral_1h_input_tokens'],
  audioPrompt: ['prompt_tokens_details.audio_tokens', 'input_token_details.audio', 'input_audio_tokens', 'input_audio'],
  audioCompletion: [
    'completion_tokens_details.audio_tokens',
    'output_token_details.audio',
    'output_audio_tokens',
    'output_audio',
  ],
} as const

/**
 * A usage object of any of the clients, as sums with disjoint parts; undefined where it counts nothing. Where a total is
 * given, it says whether the parts lie within.
 */
export function usageOf(value: unknown, convention: TokenConvention = { cache: 'auto' }): RunUsage | undefined {
  const usage = objectOf(value)
  const at = (names: readonly string[]) =>
    firstCount(
      ...names.map((name) => {
        const [outer = '', inner] = name.split('.')
        return inner === undefined ? usage[outer] : objectOf(usage[outer])[inner]
      }),
    )
  const reported = {
    prompt: at(NAMES.prompt),
    completion: at(NAMES.completion),
    total: at(NAMES.total),
    cached: at(NAMES.cached),
    cacheWrite: at(NAMES.cacheWrite),
    reasoning: at(NAMES.reasoning),
  }
  if ((reported.prompt ?? reported.completion ?? reported.total) === undefined) return undefined
  const parts = (['cacheWrite1h', 'audioPrompt', 'audioCompletion'] as const)
    .map((name) => [name, at(NAMES[name]) ?? 0] as const)
    .filter(([, tokens]) => tokens > 0)
  return { ...normaliseTokens(reported, convention), ...Object.fromEntries(parts) }
}

/** The first of these that counts something. */
export function firstUsage(...values: unknown[]): RunUsage | undefined {
  for (const value of values) {
    const usage = usageOf(value)
    if (usage !== undefined && usage.total > 0) return usage
  }
  return undefined
}
