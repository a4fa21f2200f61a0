import { cellFor, shardOf } from '../adapters/cells.ts'
import { memberStore } from '../adapters/d1/member-store.ts'
import { priceStore } from '../adapters/d1/price-store.ts'
import { forgetPrices, openPrices } from '../adapters/prices/books.ts'
import { catalogueFor } from '../adapters/prices/snapshots.ts'
import type { PriceDeps } from '../services/price/port.ts'
import type { Env } from './env.ts'

/** Prices: the catalogue's, and an organization's own. */
export function priceDeps(env: Env, now: () => number, random: PriceDeps['random']): PriceDeps {
  const members = memberStore(env.CONTROL)
  return {
    store: priceStore((tenant) => shardOf(env, tenant)),
    openPrices: (tenant) => openPrices(env, tenant),
    snapshot: async ({ cell }) => (await catalogueFor(env, cell)).snapshot,
    async forget(tenant) {
      forgetPrices(tenant)
      await cellFor(env, tenant.cell).object(env.TENANT_BUDGET, tenant.org_id).forgetPrices(tenant)
    },
    namesOf: async (orgId) => new Map((await members.members(orgId)).map(({ userId, name }) => [userId, name])),
    now,
    random,
  }
}
