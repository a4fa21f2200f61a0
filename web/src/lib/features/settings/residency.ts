import type { Project } from '$lib/tenancy.ts'

type Region = Project['region']

export interface Store {
  what: string
  store: string
  where: string
  /** Whether the place is promised. */
  pinned: boolean
}

export const REGION_NAMES: Record<Region, string> = { global: 'Global', eu: 'European Union', us: 'United States' }

/** Where each kind of data of an organization in this region lies when the product runs on Cloudflare. */
export function storesOf(region: Region): Store[] {
  const pinned = region !== 'global'
  const here = pinned ? `In the ${region.toUpperCase()} (jurisdiction)` : 'Where Cloudflare places it'
  return [
    { what: 'Traces, ledger, rollups', store: 'D1 databases', where: here, pinned },
    { what: 'Journal, archive, dead letters', store: 'R2 bucket', where: here, pinned },
    { what: 'Events on their way', store: 'Queue', where: here, pinned },
    {
      what: 'Live feed, budget counters',
      store: 'Durable Objects',
      where: pinned ? `${here}: stored and processed` : here,
      pinned,
    },
    {
      what: 'Metrics for charts',
      store: pinned ? 'D1 databases' : 'D1 databases, Analytics Engine',
      where: pinned ? `${here}; Analytics Engine, which cannot be pinned, is not used` : here,
      pinned,
    },
    {
      what: 'Accounts, names, sessions',
      store: 'D1 control database',
      where: 'Global, for every region',
      pinned: false,
    },
    { what: 'Hashes of API keys, opaque ids', store: 'KV', where: 'Global, for every region', pinned: false },
    {
      what: 'Receiving events, TLS, serving this page',
      store: 'Workers',
      where: 'The Cloudflare location nearest to the sender',
      pinned: false,
    },
  ]
}
