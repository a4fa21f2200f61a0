import type { PriceFound } from '../../contract/price.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { RATE_KEYS } from '../../domain/price-override.ts'
import { MILLIONTHS, usdPerMillion, type Rates } from '../../domain/price.ts'
import type { PriceDeps } from './port.ts'

const PER_PERCENT = 10_000n
const PERCENT_DECIMALS = 4
const REQUEST_DECIMALS = 12
const OVERRIDE = /^override\/([^@]+)@/

/** Which rates price a call of a model at a moment, as they are known now. */
export async function findPrice(
  deps: Pick<PriceDeps, 'openPrices' | 'snapshot'>,
  tenant: Tenant,
  { provider, model, atMs }: { provider: string; model: string; atMs: number },
): Promise<PriceFound> {
  const [book, snapshot] = await Promise.all([deps.openPrices(tenant), deps.snapshot(tenant)])
  const rates = book.rates(provider.toLowerCase(), model, atMs)
  const { millionths = MILLIONTHS, request, service = {} } = rates ?? {}
  return {
    provider,
    model,
    at: new Date(atMs).toISOString(),
    found: rates !== null,
    price_version: rates?.version ?? null,
    override_id: OVERRIDE.exec(rates?.version ?? '')?.[1] ?? null,
    rates: rates === null ? {} : ratesOf(rates),
    request_usd: request === undefined ? null : decimal(request, REQUEST_DECIMALS),
    paid_percent: decimal(millionths, PERCENT_DECIMALS),
    service_tiers: Object.fromEntries(
      Object.entries(service).map(([tier, { times, per }]) => [
        tier,
        // Rounded, for some are thirds; amounts are computed with the exact one.
        decimal((times * 100n * PER_PERCENT + per / 2n) / per, PERCENT_DECIMALS),
      ]),
    ),
    catalogue: {
      name: snapshot.name,
      in_use_since: snapshot.sinceMs === null ? null : new Date(snapshot.sinceMs).toISOString(),
      source: snapshot.source,
    },
  }
}

function ratesOf(rates: Rates): PriceFound['rates'] {
  return Object.fromEntries(
    RATE_KEYS.flatMap(([name, key]) => {
      const rate = rates[key]
      if (rate === undefined) return []
      const tiers = rate.tiers.map(({ start, rate: next }) => ({ above_tokens: start, usd: usdPerMillion(next) }))
      return [[name, { usd: usdPerMillion(rate.base), tiers }]]
    }),
  )
}

function decimal(value: bigint, decimals: number): string {
  const digits = value.toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(-decimals).replace(/0+$/, '')
  return digits.slice(0, -decimals) + (fraction === '' ? '' : `.${fraction}`)
}
