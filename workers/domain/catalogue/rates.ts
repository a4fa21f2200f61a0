import type { Amount, ModelPrices, PricedName } from '../../contract/price-catalogue.ts'
import { picoPerToken, type Rates, type TieredRate } from '../price.ts'
import { serviceTiers } from './service-tiers.ts'

const RATES = {
  input: ['input_mtok'],
  output: ['output_mtok'],
  reasoning: ['output_reasoning_mtok'],
  cacheRead: ['cache_read_mtok'],
  cacheWrite: ['cache_write_5m_mtok', 'cache_write_mtok'],
  cacheWrite1h: ['cache_write_1h_mtok'],
  audioInput: ['input_audio_mtok'],
  audioCacheRead: ['cache_audio_read_mtok'],
  audioOutput: ['output_audio_mtok'],
  imageInput: ['input_image_mtok'],
  imageCacheRead: ['cache_image_read_mtok'],
  imageOutput: ['output_image_mtok'],
} as const satisfies Partial<Record<keyof Rates, readonly PricedName[]>>

/** What prices tokens; the rest prices requests. */
export const PRICED_TOKENS: readonly PricedName[] = Object.values(RATES).flat()

const NOTHING: TieredRate = { base: 0n, tiers: [] }
/** US dollars per thousand requests → pico-dollars per request. */
const PICO_PER_REQUEST = 1e9

/** Rates of a row of the catalogue; null for one that prices no tokens. */
export function ratesOf(provider: string, model: string, prices: ModelPrices, version: string): Rates | null {
  const rates: Partial<Rates> = {}
  for (const [name, keys] of Object.entries(RATES) as [keyof typeof RATES, readonly PricedName[]][]) {
    const price = keys.map((key) => prices[key]).find((value) => value !== undefined)
    if (price !== undefined) rates[name] = rateOf(price)
  }
  const { input, output } = rates
  if (input === undefined && output === undefined) return null
  const { requests_kcount: request } = prices
  const service = serviceTiers(provider, model)
  return {
    ...rates,
    ...derived(provider, model, rates),
    input: input ?? NOTHING,
    ...(typeof request === 'number' && { request: BigInt(Math.round(request * PICO_PER_REQUEST)) }),
    ...(Object.keys(service).length > 0 && { service }),
    version,
  }
}

/**
 * Rates that follow from a rule that the provider publishes, where the row leaves them out:
 * Claude's caches of an hour cost twice the input, wherever it is served
 * (https://platform.claude.com/docs/en/build-with-claude/prompt-caching#pricing, read 2026-11-28); Gemini models without
 * a price of audio take it at that of text (https://ai.google.dev/gemini-api/docs/pricing, read 2026-11-28).
 */
function derived(provider: string, model: string, rates: Partial<Rates>): Partial<Rates> {
  const { input, output, cacheWrite, cacheWrite1h, audioInput, audioOutput } = rates
  const isClaude = model.includes('claude')
  const isGemini = provider === 'google' && model.startsWith('gemini')
  return {
    ...(isClaude && input && cacheWrite && !cacheWrite1h && { cacheWrite1h: multiplied(input, 2n) }),
    ...(isGemini && input && !audioInput && { audioInput: input }),
    ...(isGemini && output && !audioOutput && model.includes('-tts') && { audioOutput: output }),
  }
}

function multiplied({ base, tiers }: TieredRate, by: bigint): TieredRate {
  return { base: base * by, tiers: tiers.map(({ start, rate }) => ({ start, rate: rate * by })) }
}

/** Pico-dollars per token of a price of the catalogue. */
export function rateOf(price: Amount): TieredRate {
  if (typeof price === 'number') return { base: picoPerToken(price), tiers: [] }
  return {
    base: picoPerToken(price.base),
    tiers: price.tiers.map(({ start, price: next }) => ({ start, rate: picoPerToken(next) })),
  }
}
