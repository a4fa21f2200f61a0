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
  let prompt = reported.prompt ?? 0
  let completion = reported.completion ?? 0
  if (convention.reasoningApart || reasoning > completion) completion += reasoning
  if (reported.prompt === undefined && reported.total !== undefined) prompt = Math.max(cached + cacheWrite, reported.total - completion)
  else if (countsCacheApart(prompt, completion, cached + cacheWrite, reported.total, convention)) prompt += cached + cacheWrite
  return { prompt, completion, total: prompt + completion, cached, cacheWrite, reasoning }
}

function countsCacheApart(prompt: number, completion: number, cache: number, total: number | undefined, convention: TokenConvention): boolean {
  if (cache === 0) return false
  // A part cannot be larger than the whole, whatever the convention says.
  if (cache > prompt) return true
  if (convention.cache !== 'auto') return convention.cache === 'exclusive'
  return total !== undefined && total === prompt + cache + completion
}
