import { calcPrice } from '@pydantic/genai-prices'
import { PRICED_NAMES, rateOf, ratesOf } from '../domain/catalogue/rates.ts'
import type { PriceShape, Rates } from '../domain/price.ts'
import type { PriceBook } from '../domain/price-book.ts'

/** Names of the OpenTelemetry conventions → names of the catalogue, where they differ. */
const PROVIDER_ALIASES: Record<string, string> = {
  'aws.bedrock': 'aws',
  'azure.ai.openai': 'azure',
  'azure.ai.inference': 'azure',
  'gcp.gemini': 'google',
  'gcp.gen_ai': 'google',
  'gcp.vertex_ai': 'google',
  vertex_ai: 'google',
  gemini: 'google',
  mistral_ai: 'mistral',
  moonshot_ai: 'moonshotai',
  x_ai: 'x-ai',
  xai: 'x-ai',
}
const CACHE_ENTRIES_MAX = 5000
const CATALOGUE = 'genai-prices/0.1.8'

const cache = new Map<string, Rates | null>()

/**
 * Rates of a model at a time, from the kept catalogue; null when it has none (the event is then
 * `unpriced`, never zero). A provider the catalogue does not know is ignored in favour of the model's name.
 */
export function findRates(provider: string, model: string, atMs: number): Rates | null {
  const simpleKey = `${provider}\n${model}`
  const simple = cache.get(simpleKey)
  if (simple !== undefined) return simple
  // Dated prices change by day and some by time of day: a quarter hour is fine enough for both.
  const datedKey = `${simpleKey}\n${Math.floor(atMs / 900_000)}`
  const dated = cache.get(datedKey)
  if (dated !== undefined) return dated
  const found = lookUp(provider, model, atMs)
  if (cache.size >= CACHE_ENTRIES_MAX) cache.clear()
  cache.set(found?.dated ? datedKey : simpleKey, found?.rates ?? null)
  return found?.rates ?? null
}

/** The catalogue's own prices. */
export const openPrices = (): PriceBook => ({ rates: findRates, perCall: () => null })

/** On what the price of a model depends, at any time; one without a price depends on nothing. */
export function priceShape(provider: string, model: string): PriceShape {
  const prices = calculate(provider, model, 0)?.model.prices ?? {}
  const all = Array.isArray(prices) ? prices.map((one) => one.prices) : [prices]
  const tiers = all.flatMap((price) =>
    PRICED_NAMES.flatMap((key) => {
      const value = price[key]
      return value === undefined ? [] : rateOf(value).tiers.map(({ start }) => start)
    }),
  )
  return { steady: !Array.isArray(prices), tiers: [...new Set(tiers)].sort((a, b) => a - b) }
}

function calculate(provider: string, model: string, atMs: number): ReturnType<typeof calcPrice> {
  const providerId = PROVIDER_ALIASES[provider] ?? provider
  const timestamp = new Date(atMs)
  const usage = { input_tokens: 0, output_tokens: 0 }
  const own = providerId === '' ? null : calcPrice(usage, model, { providerId, timestamp })
  return own ?? calcPrice(usage, model, { timestamp })
}

function lookUp(provider: string, model: string, atMs: number): { rates: Rates; dated: boolean } | null {
  const found = calculate(provider, model, atMs)
  if (!found) return null
  const name = `${found.provider.id}/${found.model.id}`
  const rates = ratesOf(found.provider.id, found.model.id, found.model_price, `${CATALOGUE}:${name}`)
  return rates && { rates, dated: Array.isArray(found.model.prices) }
}
