import { COST_USD_MAX, type EventInput } from '../../contract/event.ts'
import { makerOf, providerNamed } from '../provider.ts'
import { normaliseTokens, type TokenConvention } from '../tokens.ts'
import { countAt, numberAt, textAt, textOf } from './attributes.ts'
import type { Facts } from './facts.ts'
import { startOf, type Node } from './node.ts'
import { sessionCallId } from './session-call.ts'

/** Instrumentations that count parts apart from their sums, against the conventions. */
const CONVENTIONS: [RegExp, TokenConvention][] = [
  [/^@traceloop\/instrumentation-anthropic/, { cache: 'exclusive' }],
  [/^com\.anthropic\.claude_code/, { cache: 'exclusive' }],
  [/gemini[-_]cli/, { cache: 'inclusive', reasoningApart: true }],
]
const BY_NUMBERS: TokenConvention = { cache: 'auto' }

/** Model, tokens and cost of one call of a model; what its report leaves out is taken from another report of it. */
export function usageOf(node: Node): Partial<EventInput> {
  const { facts, copy } = node
  const model = textAt(facts, 'model') ?? textAt(copy?.facts ?? {}, 'model') ?? 'unknown'
  const ofCopy = copy?.facts ?? {}
  const tokens = tokensOf(node)
  return {
    provider: providerOf(facts) ?? providerOf(ofCopy) ?? makerOf(model),
    model,
    response_id: node.responseId ?? sessionCallId(node, tokens),
    prompt_version: textAt(facts, 'prompt_version') ?? textAt(ofCopy, 'prompt_version'),
    time_to_first_token_ms: firstTokenMs(node),
    cost_usd: costOf(facts) ?? costOf(ofCopy),
    service_tier: textAt(facts, 'service_tier') ?? textAt(ofCopy, 'service_tier'),
    ...tokens,
  }
}

function tokensOf({ span, facts }: Node): Partial<EventInput> {
  const reported = {
    prompt: countAt(facts, 'prompt'),
    completion: countAt(facts, 'completion'),
    total: countAt(facts, 'total'),
    cached: countAt(facts, 'cached'),
    cacheWrite: countAt(facts, 'cache_write'),
    reasoning: countAt(facts, 'reasoning'),
  }
  if (Object.values(reported).every((n) => n === undefined)) return {}
  const convention = CONVENTIONS.find(([scope]) => scope.test(span.scope))?.[1] ?? BY_NUMBERS
  const tokens = normaliseTokens(reported, convention)
  return {
    tokens_prompt: tokens.prompt,
    tokens_completion: tokens.completion,
    tokens_total: tokens.total,
    tokens_cached: tokens.cached,
    tokens_cache_write: tokens.cacheWrite,
    tokens_reasoning: tokens.reasoning,
    ...partsOf(facts),
  }
}

/** Parts that are nothing are left out. */
function partsOf(facts: Facts): Partial<EventInput> {
  const written = countAt(facts, 'cache_write_1h') ?? 0
  const heard = countAt(facts, 'prompt_audio') ?? 0
  const spoken = countAt(facts, 'completion_audio') ?? 0
  return {
    ...(written > 0 && { tokens_cache_write_1h: written }),
    ...(heard > 0 && { tokens_prompt_audio: heard }),
    ...(spoken > 0 && { tokens_completion_audio: spoken }),
  }
}

/** A zero is an instrumentation without prices, or a call that failed. */
function costOf(facts: Facts): number | undefined {
  const cost = numberAt(facts, 'cost_usd')
  return cost !== undefined && cost > 0 && cost <= COST_USD_MAX ? cost : undefined
}

function firstTokenMs(node: Node): number | undefined {
  const seconds = numberAt(node.facts, 'first_chunk_s')
  const told = seconds === undefined ? numberAt(node.facts, 'first_chunk_ms') : Math.round(seconds * 1e6) / 1e3
  const at = told === undefined ? Date.parse((textOf(node.facts.first_chunk_at) ?? '').replaceAll('"', '')) : NaN
  const ms = told ?? Math.round((at - startOf(node)) * 1e3) / 1e3
  return Number.isFinite(ms) && ms >= 0 ? ms : undefined
}

export function providerOf(facts: Facts): string | undefined {
  return providerNamed(textAt(facts, 'provider'))
}
