import { MILLIONTHS, rateAt, type Rates } from './price.ts'

/** Prompt tokens that a cache had to do with, of requests that one price is for. */
export interface CacheUse {
  at_ms: number
  /** Prompt tokens of any of these requests: it says the tier of their price. */
  tokens_prompt: number
  tokens_cached: number
  tokens_cache_write: number
}

export interface CacheSaving {
  /** For tokens read from and written to the cache; null when a price is known of none of them. */
  paid_nanousd: bigint | null
  /** For the same tokens as input that no cache knows. */
  uncached_nanousd: bigint | null
  /** Tokens without a price, which are in neither amount. */
  tokens_unpriced: number
}

/** Millionths of a pico-dollar in a nano-dollar. */
const PARTS_PER_NANO = 1000n * MILLIONTHS

/**
 * What caching saved by the prices of the time: cached × (input − cache read) − written × (cache write − input).
 * A price that the catalogue does not know is no price of zero. Each amount is rounded half up once, at its end.
 */
export function cacheSaving(uses: readonly CacheUse[], ratesAt: (atMs: number) => Rates | null): CacheSaving {
  let paid = 0n
  let uncached = 0n
  let priced = 0
  let tokens_unpriced = 0
  for (const { at_ms, tokens_prompt, tokens_cached, tokens_cache_write } of uses) {
    const rates = ratesAt(at_ms)
    for (const [tokens, rate] of [
      [tokens_cached, rates?.cacheRead],
      [tokens_cache_write, rates?.cacheWrite],
    ] as const) {
      if (rates === null || rate === undefined) {
        tokens_unpriced += tokens
        continue
      }
      priced += tokens
      const each = BigInt(tokens) * (rates.millionths ?? MILLIONTHS)
      paid += each * rateAt(rate, tokens_prompt)
      uncached += each * rateAt(rates.input, tokens_prompt)
    }
  }
  if (priced === 0 && tokens_unpriced > 0) return { paid_nanousd: null, uncached_nanousd: null, tokens_unpriced }
  return { paid_nanousd: nanoOf(paid), uncached_nanousd: nanoOf(uncached), tokens_unpriced }
}

function nanoOf(parts: bigint): bigint {
  return (parts + PARTS_PER_NANO / 2n) / PARTS_PER_NANO
}
