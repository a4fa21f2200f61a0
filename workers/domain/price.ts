/** Pico-dollars (1e-12 USD) per token: whole numbers for every published price per million tokens. */
export interface TieredRate {
  base: bigint
  /** The last tier whose `start` is below the request's input tokens prices the whole request. */
  tiers: { start: number; rate: bigint }[]
}

export interface Rates {
  input: TieredRate
  output: TieredRate
  /** Absent: priced as input, never as zero. */
  cacheRead?: TieredRate
  cacheWrite?: TieredRate
  /** Names the catalogue and its row, kept with every ledger entry. */
  version: string
}

/** On what a model's price depends besides its tokens. */
export interface PriceShape {
  /** It is the same at all times. */
  steady: boolean
  /** Input tokens of a request above which it costs otherwise. */
  tiers: readonly number[]
}

/** Inclusive sums with disjoint parts: prompt ≥ cached + cacheWrite; completion includes reasoning. */
export interface Usage {
  prompt: number
  completion: number
  cached: number
  cacheWrite: number
}

const PICO_PER_NANO = 1000n

/** US dollars per million tokens → pico-dollars per token, exact to six decimals of a dollar. */
export function picoPerToken(usdPerMillion: number): bigint {
  return BigInt(Math.round(usdPerMillion * 1e6))
}

/** Cost in nano-dollars, rounded half up once, at the end. */
export function costNanousd(usage: Usage, rates: Rates): number {
  const fresh = Math.max(0, usage.prompt - usage.cached - usage.cacheWrite)
  const pico =
    BigInt(fresh) * rateAt(rates.input, usage.prompt) +
    BigInt(usage.cached) * rateAt(rates.cacheRead ?? rates.input, usage.prompt) +
    BigInt(usage.cacheWrite) * rateAt(rates.cacheWrite ?? rates.input, usage.prompt) +
    BigInt(usage.completion) * rateAt(rates.output, usage.prompt)
  return Number((pico + PICO_PER_NANO / 2n) / PICO_PER_NANO)
}

/** The price of a token of a request with so many input tokens. */
export function rateAt(rate: TieredRate, inputTokens: number): bigint {
  let chosen = rate.base
  for (const tier of rate.tiers) if (inputTokens > tier.start) chosen = tier.rate
  return chosen
}
