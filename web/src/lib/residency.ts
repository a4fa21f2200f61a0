import type { Project } from './tenancy.ts'

type Region = Project['region']

export interface Store {
  what: string
  store: string
  where: string
  /** What is promised of the place; the third level, TLS and compute, is up to whoever operates the server. */
  promised: 'no' | 'at rest' | 'at rest and processed'
}

export const REGION_NAMES: Record<Region, string> = { global: 'Global', eu: 'European Union', us: 'United States' }

/** Where each kind of data of an organization in this region lies when the product runs on Cloudflare. */
export function storesOf(region: Region): Store[] {
  const pinned = region !== 'global'
  const promised = pinned ? 'at rest' : 'no'
  const here = pinned ? `In the ${region.toUpperCase()} (jurisdiction)` : 'Where Cloudflare places it'
  return [
    { what: 'Traces, ledger, rollups', store: 'D1 databases', where: here, promised },
    { what: 'Journal, archive, dead letters', store: 'R2 bucket', where: here, promised },
    { what: 'Events on their way', store: 'Queue', where: here, promised },
    {
      what: 'Live feed, budget counters',
      store: 'Durable Objects',
      where: pinned ? `${here}: stored and processed` : here,
      promised: pinned ? 'at rest and processed' : 'no',
    },
    {
      what: 'Metrics for charts',
      store: pinned ? 'D1 databases' : 'D1 databases, Analytics Engine',
      where: pinned ? `${here}; Analytics Engine, which cannot be pinned, is not used` : here,
      promised,
    },
    {
      what: 'Accounts, names, sessions',
      store: 'D1 control database',
      where: 'Global, for every region',
      promised: 'no',
    },
    { what: 'Hashes of API keys, opaque ids', store: 'KV', where: 'Global, for every region', promised: 'no' },
    {
      what: 'Receiving events, TLS, serving this page',
      store: 'Workers',
      where: 'The Cloudflare location nearest to the sender',
      promised: 'no',
    },
  ]
}
