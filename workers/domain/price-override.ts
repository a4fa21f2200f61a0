import type { PriceParts, RateName } from '../contract/price.ts'
import { nanoFromUsd } from './money.ts'
import { picoFromUsd, type PriceShape, type Rates, type Service, type TieredRate } from './price.ts'
import type { CallPrice, PriceBook } from './price-book.ts'

/** An organization's own price, as it is kept. */
export interface OverrideRow {
  id: string
  /** Empty for any provider. */
  provider: string
  /** A model, or how models begin, with `*` at its end; empty for a tool. */
  model: string
  tool: string
  price: PriceParts
  note: string
  fromMs: number
  /** Not included; null for one without an end. */
  toMs: number | null
  createdBy: string
  createdMs: number
  updatedMs: number
  version: number
}

/** Where rates come from that no override replaces. */
export interface Catalogue extends Pick<PriceBook, 'rates' | 'shape'> {
  /** One name for all that a provider is called. */
  providerOf(name: string): string
}

const NAMES: Record<RateName, keyof Rates> = {
  input: 'input',
  output: 'output',
  reasoning: 'reasoning',
  cache_read: 'cacheRead',
  cache_write: 'cacheWrite',
  cache_write_1h: 'cacheWrite1h',
  audio_input: 'audioInput',
  audio_cache_read: 'audioCacheRead',
  audio_output: 'audioOutput',
  image_input: 'imageInput',
  image_cache_read: 'imageCacheRead',
  image_output: 'imageOutput',
}
export const RATE_KEYS = Object.entries(NAMES) as [RateName, RateKey][]
type RateKey = Exclude<keyof Rates, 'request' | 'service' | 'millionths' | 'version'>

/** Millionths in one percent. */
const PER_PERCENT = 10_000n
const WHOLE = 1_000_000n
const PERCENT_DECIMALS = 4

/** How ledger entries name it. */
export const overrideVersion = ({ id, version }: Pick<OverrideRow, 'id' | 'version'>) => `override/${id}@${version}`

export function isAt({ fromMs, toMs }: Pick<OverrideRow, 'fromMs' | 'toMs'>, atMs: number): boolean {
  return fromMs <= atMs && (toMs === null || atMs < toMs)
}

/** A catalogue, with an organization's own prices before it. */
export function bookOf(catalogue: Catalogue, overrides: readonly OverrideRow[]): PriceBook {
  const ofTools = overrides.filter(({ tool }) => tool !== '')
  const ofModels = overrides.filter(({ model }) => model !== '').sort(byRank)
  const matching = (provider: string, model: string) => {
    const name = catalogue.providerOf(provider)
    return ofModels.filter((row) => isOf(row, name, model, catalogue))
  }
  return {
    rates(provider, model, atMs) {
      const own = ofModels.length === 0 ? undefined : matching(provider, model).find((row) => isAt(row, atMs))
      const listed = catalogue.rates(provider, model, atMs)
      return own === undefined ? listed : overridden(own, listed)
    },
    perCall(tool, atMs) {
      const own = ofTools.find((row) => row.tool === tool && isAt(row, atMs))
      return own === undefined ? null : callOf(own)
    },
    shape(provider, model): PriceShape {
      const shape = catalogue.shape(provider, model)
      return ofModels.length > 0 && matching(provider, model).length > 0 ? { ...shape, steady: false } : shape
    },
  }
}

/** The closest first: a model before how it begins, a longer beginning before a shorter, a provider before any. */
function byRank(a: OverrideRow, b: OverrideRow): number {
  const rank = ({ model, provider }: OverrideRow) =>
    (model.endsWith('*') ? model.length * 2 : 1_000_000) + (provider === '' ? 0 : 1)
  return rank(b) - rank(a)
}

function isOf(row: OverrideRow, provider: string, model: string, catalogue: Catalogue): boolean {
  if (row.provider !== '' && catalogue.providerOf(row.provider) !== provider) return false
  return row.model.endsWith('*') ? model.startsWith(row.model.slice(0, -1)) : row.model === model
}

function callOf(row: OverrideRow): CallPrice | null {
  const nanousd = nanoFromUsd(row.price.call_usd ?? '')
  return nanousd === null ? null : { nanousd, version: overrideVersion(row) }
}

/** Null where the catalogue lacks what the override leaves to it. */
function overridden(row: OverrideRow, listed: Rates | null): Rates | null {
  const { rates: own = {}, discount_percent, service_tiers = {} } = row.price
  const rates: Partial<Record<RateKey, TieredRate>> = {}
  for (const [name, key] of RATE_KEYS) {
    const usd = own[name]
    if (usd !== undefined) rates[key] = { base: picoFromUsd(usd), tiers: [] }
  }
  const input = rates.input ?? listed?.input
  if (input === undefined) return null
  const service = Object.entries(service_tiers).map(([tier, percent]): [string, Service] => [
    tier.toLowerCase(),
    { times: millionthsOf(percent), per: WHOLE },
  ])
  return {
    ...listed,
    ...rates,
    input,
    service: { ...listed?.service, ...Object.fromEntries(service) },
    ...(discount_percent !== undefined && { millionths: WHOLE - millionthsOf(discount_percent) }),
    version: listed === null ? overrideVersion(row) : `${overrideVersion(row)}+${listed.version}`,
  }
}

/** Percent as decimal text → millionths, exact to four decimals. */
export function millionthsOf(percent: string): bigint {
  const [whole = '0', decimals = ''] = percent.replace('-', '').split('.')
  const value = BigInt(whole) * PER_PERCENT + BigInt(decimals.padEnd(PERCENT_DECIMALS, '0'))
  return percent.startsWith('-') ? -value : value
}
