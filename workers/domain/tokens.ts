/** Counts as an emitter reports them. */
export interface ReportedTokens {
  prompt?: number
  completion?: number
  total?: number
  cached?: number
  cacheWrite?: number
  reasoning?: number
}

/**
 * How an emitter counts. `inclusive`: prompt holds cached and cache-write tokens, completion holds reasoning
 * (OpenTelemetry GenAI conventions). `exclusive`: prompt is the uncached rest (Anthropic's raw usage).
 * `auto`: decided by the numbers. `reasoningApart`: completion leaves reasoning out (Gemini's raw usage).
 */
export interface TokenConvention {
  cache: 'inclusive' | 'exclusive' | 'auto'
  reasoningApart?: boolean
}

export interface Tokens {
  prompt: number
  completion: number
  total: number
  cached: number
  cacheWrite: number
  reasoning: number
}

/**
 * Normalises to inclusive sums with disjoint parts: prompt ≥ cached + cacheWrite, completion ≥ reasoning,
 * total = prompt + completion. No cached token is counted twice and none is lost.
 */
export function normaliseTokens(reported: ReportedTokens, convention: TokenConvention): Tokens {
  const cached = reported.cached ?? 0
  const cacheWrite = reported.cacheWrite ?? 0
  const reasoning = reported.reasoning ?? 0
  const cache = cached + cacheWrite
  let { prompt = 0, completion = 0 } = reported
  if (reported.prompt === undefined && reported.total !== undefined) {
    completion = Math.max(completion, reasoning)
    prompt = Math.max(cache, reported.total - completion)
  } else if (reported.completion === undefined && reported.total !== undefined) {
    if (isCacheApart({ prompt, completion, cache, reasoning }, undefined, convention)) prompt += cache
    completion = Math.max(reasoning, reported.total - prompt)
  } else {
    const counts = { prompt, completion, cache, reasoning }
    const cacheApart = isCacheApart(counts, reported.total, convention)
    if (isReasoningApart(counts, cacheApart, reported.total, convention)) completion += reasoning
    if (cacheApart) prompt += cache
  }
  return { prompt, completion, total: prompt + completion, cached, cacheWrite, reasoning }
}

interface Counts {
  prompt: number
  completion: number
  cache: number
  reasoning: number
}

function isCacheApart(
  { prompt, completion, cache, reasoning }: Counts,
  total: number | undefined,
  convention: TokenConvention,
): boolean {
  if (cache === 0) return false
  // A part cannot be larger than the whole, whatever the convention says.
  if (cache > prompt) return true
  if (convention.cache !== 'auto') return convention.cache === 'exclusive'
  if (total === undefined || total === prompt + completion) return false
  return total === prompt + cache + completion || total === prompt + cache + completion + reasoning
}

function isReasoningApart(
  { prompt, completion, cache, reasoning }: Counts,
  cacheApart: boolean,
  total: number | undefined,
  convention: TokenConvention,
): boolean {
  if (reasoning === 0) return false
  if (convention.reasoningApart || reasoning > completion) return true
  return total === prompt + (cacheApart ? cache : 0) + completion + reasoning
}
