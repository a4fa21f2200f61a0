import type { CatalogueProvider, Conditional, Match, ModelPrices } from '../../contract/price-catalogue.ts'

/** A row of the catalogue. */
export interface Found {
  provider: CatalogueProvider
  model: CatalogueProvider['models'][number]
}

/** `claude-x-20250929` → `claude-x-2025-09-29`: rows write dates with hyphens. */
const COMPACT_DATE = /(-)(20\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)/g

/**
 * The row of a model, found as the catalogue's own packages find it: the provider by its id or by what its names look
 * like, the model by the first row that matches, then by the rows of providers that this one sells too.
 */
export function findRow(providers: readonly CatalogueProvider[], providerId: string, model: string): Found | null {
  const name = model.toLowerCase().trim()
  const provider = providerId === '' ? providers.find(byModel(name)) : providerNamed(providers, providerId)
  if (provider === undefined) return null
  const dated = name.replace(COMPACT_DATE, '$1$2-$3-$4')
  return rowIn(provider, name, providers) ?? (dated === name ? null : rowIn(provider, dated, providers))
}

const byModel = (name: string) => (one: CatalogueProvider) => one.model_match != null && isMatch(one.model_match, name)

export function providerNamed(
  providers: readonly CatalogueProvider[],
  providerId: string,
): CatalogueProvider | undefined {
  const id = providerId.toLowerCase().trim()
  return (
    providers.find((one) => one.id === id) ??
    providers.find((one) => one.provider_match != null && isMatch(one.provider_match, id))
  )
}

function rowIn(provider: CatalogueProvider, name: string, providers: readonly CatalogueProvider[]): Found | null {
  const model = provider.models.find((one) => isMatch(one.match, name))
  if (model !== undefined) return { provider, model }
  for (const id of provider.fallback_model_providers ?? []) {
    const other = providers.find((one) => one.id === id)
    // One step: rows that refer to one another would have no end.
    const found = other?.models.find((one) => isMatch(one.match, name))
    if (found !== undefined) return { provider, model: found }
  }
  return null
}

function isMatch(match: Match, name: string): boolean {
  if ('or' in match) return match.or.some((one) => isMatch(one, name))
  if ('and' in match) return match.and.every((one) => isMatch(one, name))
  if ('equals' in match) return name === match.equals.toLowerCase()
  if ('starts_with' in match) return name.startsWith(match.starts_with.toLowerCase())
  if ('ends_with' in match) return name.endsWith(match.ends_with.toLowerCase())
  if ('contains' in match) return name.includes(match.contains.toLowerCase())
  return new RegExp(match.regex).test(name)
}

/** What of a row holds at a time: the last of its prices whose condition is met, else the first. */
export function pricesAt(prices: readonly Conditional[] | ModelPrices, atMs: number): ModelPrices {
  if (!isDated(prices)) return prices
  const found = prices.findLast(({ constraint }) => constraint == null || isMet(constraint, atMs))
  return (found ?? prices[0])?.prices ?? {}
}

export function isDated(prices: readonly Conditional[] | ModelPrices): prices is readonly Conditional[] {
  return Array.isArray(prices)
}

const DAY_SECONDS = 86_400

function isMet(constraint: NonNullable<Conditional['constraint']>, atMs: number): boolean {
  if ('start_date' in constraint) return atMs >= Date.parse(constraint.start_date)
  const second = Math.floor(atMs / 1000) % DAY_SECONDS
  const from = secondOf(constraint.start_time)
  const to = secondOf(constraint.end_time)
  return to < from ? second >= from || second < to : second >= from && second < to
}

/** `16:30:00Z` or `00:30:00+08:00` → second of the UTC day. */
function secondOf(time: string): number {
  return (Date.parse(`1970-01-02T${time}`) / 1000) % DAY_SECONDS
}
