import { describe, expect, it } from 'vitest'
import { cacheSaving, type CacheUse } from '../../workers/domain/cache-saving.ts'
import type { Rates, TieredRate } from '../../workers/domain/price.ts'

/** Pico-dollars a token. */
const flat = (base: bigint): TieredRate => ({ base, tiers: [] })
const RATES: Rates = {
  input: flat(1000n),
  output: flat(9n),
  cacheRead: flat(100n),
  cacheWrite: flat(1250n),
  version: 'v',
}

function use(tokens_cached: number, tokens_cache_write: number, more: Partial<CacheUse> = {}): CacheUse {
  return { at_ms: 0, tokens_prompt: 0, tokens_cached, tokens_cache_write, ...more }
}

describe('what caching saved', () => {
  it.each<[string, CacheUse[], Rates | null, [bigint | null, bigint | null, number]]>([
    ['nothing was cached', [], RATES, [0n, 0n, 0]],
    ['read', [use(10, 0)], RATES, [1n, 10n, 0]],
    ['written and never read: it cost', [use(0, 100)], RATES, [125n, 100n, 0]],
    ['halves of a nano-dollar are rounded up, once, at the end', [use(3, 0), use(2, 0)], RATES, [1n, 5n, 0]],
    ['less than half is rounded down', [use(4, 0)], RATES, [0n, 4n, 0]],
    ['a model without a price', [use(7, 2)], null, [null, null, 9]],
    ['no price for reads', [use(7, 4)], { ...RATES, cacheRead: undefined }, [5n, 4n, 7]],
    ['no price for writes', [use(10, 4)], { ...RATES, cacheWrite: undefined }, [1n, 10n, 4]],
  ])('%s', (_, uses, rates, [paid_nanousd, uncached_nanousd, tokens_unpriced]) => {
    expect(cacheSaving(uses, () => rates)).toEqual({ paid_nanousd, uncached_nanousd, tokens_unpriced })
  })

  it('takes the price of the time and of the length', () => {
    const long: Rates = { ...RATES, input: { base: 1000n, tiers: [{ start: 200, rate: 2000n }] } }
    const uses = [
      use(10, 0, { at_ms: 1, tokens_prompt: 200 }),
      use(10, 0, { at_ms: 1, tokens_prompt: 201 }),
      use(10, 0, { at_ms: 2, tokens_prompt: 201 }),
    ]
    expect(cacheSaving(uses, (atMs) => (atMs === 1 ? long : RATES)).uncached_nanousd).toBe(10n + 20n + 10n)
  })
})
