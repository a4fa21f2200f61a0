import type { CatalogueProvider } from '../../contract/price-catalogue.ts'
import type { Catalogue } from '../price-override.ts'
import type { Rates } from '../price.ts'
import { findRow, isDated, pricesAt, providerNamed, type Found } from './find.ts'
import { PRICED_TOKENS, rateOf, ratesOf } from './rates.ts'

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
/** Dated prices change by day and some by time of day: this is fine enough for both. */
const QUARTER_MS = 900_000

/**
 * Prices of a snapshot of the catalogue. A provider that it does not know is ignored in favour of the model's name; a
 * model that it does not know has no price.
 * @param name of the snapshot, with which versions begin.
 */
export function catalogueOf(providers: readonly CatalogueProvider[], name: string): Catalogue {
  const rows = new Map<string, Found | null>()
  const rates = new Map<string, Rates | null>()
  const names = new Map<string, string>()
  const rowOf = (provider: string, model: string) =>
    kept(rows, `${provider}\n${model}`, () => {
      const id = PROVIDER_ALIASES[provider] ?? provider
      return findRow(providers, id, model) ?? (id === '' ? null : findRow(providers, '', model))
    })
  return {
    rates(provider, model, atMs) {
      const row = rowOf(provider, model)
      if (row === null) return null
      const at = isDated(row.model.prices) ? Math.floor(atMs / QUARTER_MS) : ''
      return kept(rates, `${provider}\n${model}\n${at}`, () =>
        ratesOf(
          row.provider.id,
          row.model.id,
          pricesAt(row.model.prices, atMs),
          `${name}:${row.provider.id}/${row.model.id}`,
        ),
      )
    },
    shape(provider, model) {
      const prices = rowOf(provider, model)?.model.prices ?? {}
      const all = isDated(prices) ? prices.map((one) => one.prices) : [prices]
      const tiers = all.flatMap((price) =>
        PRICED_TOKENS.flatMap((key) => {
          const amount = price[key]
          return amount === undefined ? [] : rateOf(amount).tiers.map(({ start }) => start)
        }),
      )
      return { steady: !isDated(prices), tiers: [...new Set(tiers)].sort((a, b) => a - b) }
    },
    providerOf: (provider) =>
      kept(names, provider, () => {
        const name = provider.toLowerCase()
        return providerNamed(providers, PROVIDER_ALIASES[name] ?? name)?.id ?? name
      }),
  }
}

function kept<T>(cache: Map<string, T>, key: string, make: () => T): T {
  const known = cache.get(key)
  if (known !== undefined) return known
  const made = make()
  if (cache.size >= CACHE_ENTRIES_MAX) cache.clear()
  cache.set(key, made)
  return made
}
