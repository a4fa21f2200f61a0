import type { ModelPrice, ModelUse, ModelUses } from '../../contract/model-uses.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { usd } from '../../domain/money.ts'
import { usdPerMillion, type Rates, type TieredRate } from '../../domain/price.ts'
import type { OpenPrices } from '../price/port.ts'
import type { ModelKey } from './port.ts'

/** Lines that one answer has. */
const MODELS_MAX = 500

export interface UseKey extends ModelKey {
  tool_name: string
}

/** Exact sums of a range. */
export interface UseSum extends UseKey {
  cost_nanousd: bigint
  calls: number
  unpriced: number
  tokens_prompt: number
  tokens_cached: number
  tokens_cache_write: number
  tokens_completion: number
  tokens_reasoning: number
}

/** Of the newest entries, as they stand now: what they are priced by. */
export interface UseSource extends UseKey {
  cost_source: string
  price_version: string
  calls: number
  tokens: number
  last_ms: number
}

export interface UseQuery {
  from_ms: number
  to_ms: number
}

export interface ModelUseStore {
  /** @returns sources since `detail_ms`, before which there are more entries than are read. */
  uses(
    tenant: Tenant,
    projectIds: readonly string[],
    query: UseQuery,
  ): Promise<{ sums: UseSum[]; sources: UseSource[]; detail_ms: number }>
}

export interface ModelUseDeps {
  store: ModelUseStore
  openPrices: OpenPrices
  now: () => number
}

/** The models and tools of a range, what they cost, and by which prices: those with calls without one first. */
export async function modelUses(
  { store, openPrices, now }: ModelUseDeps,
  tenant: Tenant,
  projectIds: readonly string[],
  query: UseQuery,
): Promise<ModelUses> {
  const { sums, sources, detail_ms } = await store.uses(tenant, projectIds, query)
  const nowMs = now()
  const prices = await openPrices(tenant)
  const byKey = Map.groupBy(sources, keyOf)
  const data = sums
    .toSorted(byNeed)
    .slice(0, MODELS_MAX)
    .map((sum): ModelUse => {
      const { cost_nanousd, ...counts } = sum
      const rates = sum.model === '' ? null : prices.rates(sum.provider, sum.model, nowMs)
      return {
        ...counts,
        cost_usd: usd(cost_nanousd),
        detail: detailOf(byKey.get(keyOf(sum)) ?? []),
        price: rates && priceOf(rates),
      }
    })
  return {
    data,
    from: iso(query.from_ms),
    to: iso(query.to_ms),
    detail_from: iso(detail_ms),
    truncated: sums.length > MODELS_MAX,
  }
}

const iso = (ms: number) => new Date(ms).toISOString()
const keyOf = ({ provider, model, tool_name }: UseKey) => `${provider}\0${model}\0${tool_name}`

function byNeed(a: UseSum, b: UseSum): number {
  const needs = Number(b.unpriced > 0) - Number(a.unpriced > 0)
  if (needs !== 0) return needs
  if (a.unpriced !== b.unpriced) return b.unpriced - a.unpriced
  if (a.cost_nanousd !== b.cost_nanousd) return a.cost_nanousd < b.cost_nanousd ? 1 : -1
  return keyOf(a) < keyOf(b) ? -1 : 1
}

function detailOf(sources: readonly UseSource[]): ModelUse['detail'] {
  if (sources.length === 0) return null
  const ofSource = (source: string) => sources.filter(({ cost_source }) => cost_source === source)
  const calls = (these: readonly UseSource[]) => these.reduce((sum, one) => sum + one.calls, 0)
  const unpriced = ofSource('unpriced')
  const versions = Map.groupBy(ofSource('computed'), ({ price_version }) => price_version)
  return {
    reported: calls(ofSource('reported')),
    computed: calls(ofSource('computed')),
    unpriced: calls(unpriced),
    unpriced_tokens: unpriced.reduce((sum, one) => sum + one.tokens, 0),
    last_seen_at: iso(Math.max(...sources.map(({ last_ms }) => last_ms))),
    price_versions: [...versions]
      .map(([version, these]) => ({ version, calls: calls(these) }))
      .sort((a, b) => b.calls - a.calls || (a.version < b.version ? -1 : 1)),
  }
}

function priceOf({ input, output, cacheRead, cacheWrite, version, millionths }: Rates): ModelPrice {
  const usdOf = (rate: TieredRate | undefined) => (rate === undefined ? null : usdPerMillion(rate.base, millionths))
  return {
    version,
    input_usd: usdOf(input),
    output_usd: usdOf(output),
    cache_read_usd: usdOf(cacheRead),
    cache_write_usd: usdOf(cacheWrite),
    tiers: [input, output, cacheRead, cacheWrite].some((rate) => (rate?.tiers.length ?? 0) > 0),
  }
}
