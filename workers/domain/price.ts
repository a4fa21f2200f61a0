/** Pico-dollars (1e-12 USD) per token: whole numbers for every published price per million tokens. */
export interface TieredRate {
  base: bigint
  /** The last tier whose `start` is below the request's input tokens prices the whole request. */
  tiers: { start: number; rate: bigint }[]
}

/** What the standard price of tokens is multiplied by in another service tier: `times` / `per`, exact. */
export interface Service {
  times: bigint
  per: bigint
  /** False where it is not published what reading a cache costs in this tier. */
  cached?: boolean
}

/**
 * What a model costs at one moment. A part without a rate of its own is priced as what it is a part of, never as zero:
 * cached and written tokens and images as input, reasoning and images that are made as output. Audio, and caches that
 * are kept for an hour, cost far more than what they are a part of: without a rate nothing is said of their price.
 */
export interface Rates {
  input: TieredRate
  output?: TieredRate
  reasoning?: TieredRate
  cacheRead?: TieredRate
  /** Kept for the usual five minutes. */
  cacheWrite?: TieredRate
  cacheWrite1h?: TieredRate
  audioInput?: TieredRate
  audioCacheRead?: TieredRate
  audioOutput?: TieredRate
  imageInput?: TieredRate
  imageCacheRead?: TieredRate
  imageOutput?: TieredRate
  /** Pico-dollars for each request, beside its tokens. */
  request?: bigint
  /** Of each service tier but the standard one that has a price. */
  service?: Readonly<Record<string, Service>>
  /** What of these rates is paid, in millionths; left out: all of it. */
  millionths?: bigint
  /** Names whose prices these are, and of which row; kept with every ledger entry. */
  version: string
}

/** On what a model's price depends besides its tokens. */
export interface PriceShape {
  /** It is the same at all times. */
  steady: boolean
  /** Input tokens of a request above which it costs otherwise. */
  tiers: readonly number[]
}

/** Inclusive sums with disjoint parts: prompt ≥ cached + cacheWrite; completion ≥ reasoning. */
export interface Usage {
  prompt: number
  completion: number
  cached: number
  cacheWrite: number
  /** Of cacheWrite: kept for an hour. */
  cacheWrite1h?: number
  /** Of completion. */
  reasoning?: number
  /** Of prompt. */
  audioPrompt?: number
  /** Of cached and audioPrompt; left out: what is cached is taken to be text as far as there is text. */
  audioCached?: number
  imagePrompt?: number
  /** Of completion. */
  audioCompletion?: number
  imageCompletion?: number
  /** Of many calls, as counters tell it. */
  isSum?: boolean
  /** How the provider served it, in its own word; left out: as usual. */
  service?: string
}

const PICO_PER_NANO = 1000n
/** Every provider has it. */
const STANDARD: Service = { times: 1n, per: 1n }

/** Words for the standard tier, and other words for the others: OpenAI, Anthropic, Vertex AI's `trafficType`, Bedrock. */
const SERVICE_WORDS: Record<string, string> = {
  default: 'standard',
  // What a request asks for, not what it got: without the answer's word, that of a project that changed nothing.
  auto: 'standard',
  standard_only: 'standard',
  on_demand: 'standard',
  on_demand_flex: 'flex',
  on_demand_priority: 'priority',
  batches: 'batch',
}
const PRICE_DECIMALS = 6
export const MILLIONTHS = 1_000_000n

/** US dollars per million tokens → pico-dollars per token, exact to six decimals of a dollar. */
export function picoPerToken(usdPerMillion: number): bigint {
  return BigInt(Math.round(usdPerMillion * 1e6))
}

/** The same of decimal text with at most six decimals. */
export function picoFromUsd(usdPerMillion: string): bigint {
  const [whole = '0', decimals = ''] = usdPerMillion.split('.')
  return BigInt(whole + decimals.padEnd(PRICE_DECIMALS, '0'))
}

/**
 * Pico-dollars per token → US dollars per million tokens, as price lists have them: at least two decimals, exact.
 * @param millionths what of it is paid.
 */
export function usdPerMillion(pico: bigint, millionths = MILLIONTHS): string {
  const decimals = 2 * PRICE_DECIMALS
  const digits = (pico * millionths).toString().padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals).replace(/0{1,10}$/, '')}`
}

/**
 * Cost in nano-dollars, rounded half up once, at the end; null where something that was used has no price: the whole
 * request is then unpriced, since a part of a price would pass for all of it.
 */
export function costNanousd(usage: Usage, rates: Rates): number | null {
  const service = serviceFor(rates, usage)
  if (service === null) return null
  // Of many calls together it is not known how long each was: they are taken to be short.
  const requestTokens = usage.isSum ? 0 : usage.prompt
  let pico = 0n
  for (const [tokens, rate] of [...promptParts(usage, rates), ...completionParts(usage, rates)]) {
    if (tokens <= 0) continue
    if (rate === undefined) return null
    pico += BigInt(tokens) * rateAt(rate, requestTokens)
  }
  const whole = (pico * service.times + (rates.request ?? 0n) * service.per) * (rates.millionths ?? MILLIONTHS)
  const nano = PICO_PER_NANO * service.per * MILLIONTHS
  return Number((2n * whole + nano) / (2n * nano))
}

/** The service tier of a provider's word: `standard` and its other names are one. */
export function serviceOf(word: string | undefined): string {
  const name = (word ?? '').toLowerCase()
  return name === '' ? 'standard' : (SERVICE_WORDS[name] ?? name)
}

function serviceFor({ service = {} }: Rates, usage: Usage): Service | null {
  const tier = serviceOf(usage.service)
  if (tier === 'standard') return STANDARD
  const found = Object.hasOwn(service, tier) ? service[tier] : undefined
  return found === undefined || (found.cached === false && usage.cached > 0) ? null : found
}

type Part = [tokens: number, rate: TieredRate | undefined]

function promptParts(usage: Usage, rates: Rates): Part[] {
  const { prompt, cached, cacheWrite, cacheWrite1h = 0, audioPrompt = 0, imagePrompt = 0 } = usage
  const text = Math.max(0, prompt - cacheWrite - audioPrompt - imagePrompt)
  const audioCached = Math.min(audioPrompt, cached, usage.audioCached ?? Math.max(0, cached - text))
  const imageCached = Math.min(imagePrompt, Math.max(0, cached - audioCached - text))
  const textCached = cached - audioCached - imageCached
  const { input, cacheRead = input, audioInput, imageInput } = rates
  const written1h = Math.min(cacheWrite, cacheWrite1h)
  return [
    [text - textCached, input],
    [textCached, cacheRead],
    [cacheWrite - written1h, rates.cacheWrite ?? input],
    [written1h, rates.cacheWrite1h],
    [audioPrompt - audioCached, audioInput],
    [audioCached, rates.audioCacheRead ?? audioInput],
    [imagePrompt - imageCached, imageInput ?? input],
    [imageCached, rates.imageCacheRead ?? imageInput ?? cacheRead],
  ]
}

function completionParts(usage: Usage, { output, ...rates }: Rates): Part[] {
  const { completion, reasoning = 0, audioCompletion = 0, imageCompletion = 0 } = usage
  return [
    [completion - reasoning - audioCompletion - imageCompletion, output],
    [reasoning, rates.reasoning ?? output],
    [audioCompletion, rates.audioOutput],
    [imageCompletion, rates.imageOutput ?? output],
  ]
}

/** The price of a token of a request with so many input tokens. */
export function rateAt(rate: TieredRate, inputTokens: number): bigint {
  let chosen = rate.base
  for (const tier of rate.tiers) if (inputTokens > tier.start) chosen = tier.rate
  return chosen
}
