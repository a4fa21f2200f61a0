import { COST_USD_MAX, type EventInput } from '../../contract/event.ts'
import { normaliseTokens } from '../tokens.ts'
import { pickCount, pickNumber, pickText } from './attributes.ts'
import type { FlatSpan } from './span.ts'

const WELL_KNOWN_PROVIDERS = new Set([
  'aws.bedrock',
  'azure.ai.openai',
  'azure.ai.inference',
  'gcp.gemini',
  'gcp.gen_ai',
  'gcp.vertex_ai',
  'ibm.watsonx.ai',
])
/** Instrumentations that count cached tokens apart from input tokens, against the conventions. */
const EXCLUSIVE_SCOPES = [/^@traceloop\/instrumentation-anthropic/, /^com\.anthropic\.claude_code/]

/** Model, tokens and cost of one call of a model. */
export function usageOf(span: FlatSpan): Partial<EventInput> {
  const a = span.attributes
  const reported = {
    prompt: pickCount(a, 'prompt'),
    completion: pickCount(a, 'completion'),
    total: pickCount(a, 'total'),
    cached: pickCount(a, 'cached'),
    cacheWrite: pickCount(a, 'cacheWrite'),
    reasoning: pickCount(a, 'reasoning'),
  }
  const isCounted = Object.values(reported).some((n) => n !== undefined)
  const isExclusive = EXCLUSIVE_SCOPES.some((scope) => scope.test(span.scope))
  const tokens = normaliseTokens(reported, { cache: isExclusive ? 'exclusive' : 'auto' })
  const cost = pickNumber(a, 'cost_usd')
  return {
    provider: providerOf(pickText(a, 'provider')),
    model: pickText(a, 'model') ?? 'unknown',
    prompt_version: pickText(a, 'prompt_version'),
    time_to_first_token_ms: firstTokenMs(span),
    // A zero that comes with tokens is an instrumentation without prices.
    cost_usd: cost !== undefined && cost > 0 && cost <= COST_USD_MAX ? cost : undefined,
    ...(isCounted && {
      tokens_prompt: tokens.prompt,
      tokens_completion: tokens.completion,
      tokens_total: tokens.total,
      tokens_cached: tokens.cached,
      tokens_cache_write: tokens.cacheWrite,
      tokens_reasoning: tokens.reasoning,
    }),
  }
}

function firstTokenMs({ attributes }: FlatSpan): number | undefined {
  const seconds = pickNumber(attributes, 'first_chunk_s')
  const ms = seconds === undefined ? pickNumber(attributes, 'first_chunk_ms') : Math.round(seconds * 1e6) / 1e3
  return ms !== undefined && ms >= 0 ? ms : undefined
}

/** "openai.chat" → "openai"; the conventions' own dotted names stay. */
export function providerOf(raw: string | undefined): string | undefined {
  if (raw === undefined) return undefined
  const lower = raw.toLowerCase()
  if (WELL_KNOWN_PROVIDERS.has(lower)) return lower
  return lower.split('.')[0] || undefined
}
