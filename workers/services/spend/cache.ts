import type { CacheSavings, CacheSavingsRow } from '../../contract/cache-savings.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { cacheSaving, type CacheSaving, type CacheUse } from '../../domain/cache-saving.ts'
import { usd } from '../../domain/money.ts'
import type { OpenPrices } from '../price/port.ts'
import type { ModelKey, SpendQuery, SpendStore, SpendSum } from './port.ts'

export interface CacheDeps {
  spend: SpendStore
  openPrices: OpenPrices
}

type Counted = Pick<SpendSum, 'entries' | 'tokens_prompt' | 'tokens_cached' | 'tokens_cache_write'>

/**
 * What caching saved, by provider and model, exact. Where one price is for all of a model, its sums are enough; where it
 * depends on the time or on the length of the prompt, the ledger's entries are told apart by both.
 */
export async function cacheSavings(
  { spend, openPrices }: CacheDeps,
  tenant: Tenant,
  projectIds: readonly string[],
  query: Pick<SpendQuery, 'from_ms' | 'to_ms' | 'filters'>,
): Promise<CacheSavings> {
  const prices = await openPrices(tenant)
  const sums = (
    await spend.spend(tenant, projectIds, { ...query, group_by: ['provider', 'model'], time_zone: 'UTC' })
  ).filter((sum) => sum.tokens_prompt > 0)
  const models = sums
    .filter((sum) => sum.tokens_cached + sum.tokens_cache_write > 0)
    .map((sum) => ({ ...modelOf(sum), ...prices.shape(...nameOf(sum)) }))
  const moving = models.filter(({ steady }) => !steady)
  const tiered = models.filter(({ steady, tiers }) => steady && tiers.length > 0)
  const usesOf = async (these: typeof models, by_time: boolean) => {
    if (these.length === 0) return []
    const tiers = [...new Set(these.flatMap((one) => one.tiers))]
    return spend.cacheUses(tenant, projectIds, { ...query, models: these, by_time, tiers })
  }
  const apart = [...(await usesOf(moving, true)), ...(await usesOf(tiered, false))]
  const rows = sums.map((sum) => {
    const key = modelOf(sum)
    const isApart = [...moving, ...tiered].some((one) => isSame(one, key))
    const uses: CacheUse[] = isApart
      ? apart.filter((one) => isSame(one, key))
      : [{ ...sum, at_ms: query.from_ms, tokens_prompt: 0 }]
    return { key, sum, saving: cacheSaving(uses, (atMs) => prices.rates(key.provider, key.model, atMs)) }
  })
  rows.sort((a, b) => Number(savedOf(b.saving) - savedOf(a.saving)))
  return {
    data: rows.map(({ key, sum, saving }) => ({ ...key, ...viewOf(sum, saving) })),
    total: viewOf(
      rows.reduce((total, { sum }) => added(total, sum), NOTHING),
      rows.reduce((total, { saving }) => together(total, saving), NO_SAVING),
    ),
  }
}

const NOTHING: Counted = { entries: 0, tokens_prompt: 0, tokens_cached: 0, tokens_cache_write: 0 }
const NO_SAVING: CacheSaving = { paid_nanousd: 0n, uncached_nanousd: 0n, tokens_unpriced: 0 }

function nameOf({ key: [provider = '', model = ''] }: SpendSum): [string, string] {
  return [provider, model]
}

function modelOf(sum: SpendSum): ModelKey {
  const [provider, model] = nameOf(sum)
  return { provider, model }
}

function isSame(a: ModelKey, b: ModelKey): boolean {
  return a.provider === b.provider && a.model === b.model
}

function savedOf({ paid_nanousd, uncached_nanousd }: CacheSaving): bigint {
  return (uncached_nanousd ?? 0n) - (paid_nanousd ?? 0n)
}

function added(a: Counted, b: Counted): Counted {
  return {
    entries: a.entries + b.entries,
    tokens_prompt: a.tokens_prompt + b.tokens_prompt,
    tokens_cached: a.tokens_cached + b.tokens_cached,
    tokens_cache_write: a.tokens_cache_write + b.tokens_cache_write,
  }
}

/** Amounts of models whose prices are known; how many tokens they leave out is said beside them. */
function together(a: CacheSaving, b: CacheSaving): CacheSaving {
  return {
    paid_nanousd: (a.paid_nanousd ?? 0n) + (b.paid_nanousd ?? 0n),
    uncached_nanousd: (a.uncached_nanousd ?? 0n) + (b.uncached_nanousd ?? 0n),
    tokens_unpriced: a.tokens_unpriced + b.tokens_unpriced,
  }
}

function viewOf(
  { entries, tokens_prompt, tokens_cached, tokens_cache_write }: Counted,
  saving: CacheSaving,
): Omit<CacheSavingsRow, 'provider' | 'model'> {
  const { paid_nanousd, uncached_nanousd, tokens_unpriced } = saving
  const isKnown = paid_nanousd !== null && uncached_nanousd !== null
  return {
    entries,
    tokens_prompt,
    tokens_cached,
    tokens_cache_write,
    hit_ratio: tokens_prompt === 0 ? null : tokens_cached / tokens_prompt,
    paid_usd: isKnown ? usd(paid_nanousd) : null,
    uncached_usd: isKnown ? usd(uncached_nanousd) : null,
    saved_usd: isKnown ? usd(savedOf(saving)) : null,
    tokens_unpriced,
  }
}
