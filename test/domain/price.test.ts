import { describe, expect, it } from 'vitest'
import { bundledBook } from '../../workers/adapters/prices/bundled.ts'
import { costNanousd, picoPerToken, type Rates } from '../../workers/domain/price.ts'

const AT = Date.UTC(2026, 10, 20, 10)
const flat = (usdPerMillion: number) => ({ base: picoPerToken(usdPerMillion), tiers: [] })

describe('costNanousd', () => {
  const rates: Rates = { input: flat(3), output: flat(15), cacheRead: flat(0.3), cacheWrite: flat(3.75), version: 't' }

  it.each([
    ['plain', { prompt: 1000, completion: 100, cached: 0, cacheWrite: 0 }, 3_000_000 + 1_500_000],
    [
      'cached tokens are cheaper and not counted twice',
      { prompt: 425, completion: 0, cached: 128, cacheWrite: 64 },
      233 * 3000 + 128 * 300 + 64 * 3750,
    ],
    ['everything cached', { prompt: 100, completion: 0, cached: 100, cacheWrite: 0 }, 30_000],
    ['nothing', { prompt: 0, completion: 0, cached: 0, cacheWrite: 0 }, 0],
  ])('%s', (_, usage, nano) => {
    expect(costNanousd(usage, rates)).toBe(nano)
  })

  it('prices cached tokens as input when the catalogue has no cached rate, never as zero', () => {
    const bare: Rates = { input: flat(2), output: flat(6), version: 't' }
    expect(costNanousd({ prompt: 100, completion: 0, cached: 60, cacheWrite: 40 }, bare)).toBe(200_000)
  })

  it('rounds half up once, at the end', () => {
    const third: Rates = { input: flat(0.0375), output: flat(0), version: 't' }
    expect(costNanousd({ prompt: 1, completion: 0, cached: 0, cacheWrite: 0 }, third)).toBe(38)
    expect(costNanousd({ prompt: 2, completion: 0, cached: 0, cacheWrite: 0 }, third)).toBe(75)
  })

  it('prices the whole request at the tier that its input reaches', () => {
    const tiered: Rates = {
      input: { base: picoPerToken(3), tiers: [{ start: 200_000, rate: picoPerToken(6) }] },
      output: flat(0),
      version: 't',
    }
    expect(costNanousd({ prompt: 200_000, completion: 0, cached: 0, cacheWrite: 0 }, tiered)).toBe(600_000_000)
    expect(costNanousd({ prompt: 200_001, completion: 0, cached: 0, cacheWrite: 0 }, tiered)).toBe(1_200_006_000)
  })
})

describe('findRates', () => {
  it.each([
    ['openai', 'gpt-4o', 2_500_000n],
    ['openai', 'gpt-4o-2024-08-06', 2_500_000n],
    ['gcp.gemini', 'gemini-2.5-flash', 300_000n],
    ['somebody-new', 'gpt-4o', 2_500_000n],
    ['', 'claude-sonnet-4-5', 3_000_000n],
  ])('%s %s', (provider, model, input) => {
    expect(bundledBook.rates(provider, model, AT)?.input.base).toBe(input)
  })

  it('knows no price for a model that the catalogue lacks', () => {
    expect(bundledBook.rates('openai', 'acme-in-house-7b', AT)).toBeNull()
  })

  it('keeps the name of the row it priced by', () => {
    expect(bundledBook.rates('openai', 'gpt-4o', AT)?.version).toContain('openai/gpt-4o')
  })
})
