/** What a run asked of the platform. */
export interface Usage {
  events: number
  requests: number
  /** Milliseconds of CPU of all Workers; workerd's whole process is an upper bound. */
  cpuMs: number
  queueOps: number
  d1RowsWritten: number
  d1RowsRead: number
  r2ClassA: number
  r2ClassB: number
  kvReads: number
  doCalls: number
  doRowsWritten: number
  /** Seconds in which Durable Objects were in memory, of 128 MB each. */
  doActiveSeconds: number
  aePoints: number
}

/** Cloudflare's list prices in US dollars a unit, allotments ignored (November 2026). */
const PRICES: Record<Exclude<keyof Usage, 'events'>, number> = {
  requests: 0.3e-6,
  cpuMs: 0.02e-6,
  queueOps: 0.4e-6,
  d1RowsWritten: 1e-6,
  d1RowsRead: 0.001e-6,
  r2ClassA: 4.5e-6,
  r2ClassB: 0.36e-6,
  kvReads: 0.5e-6,
  doCalls: 0.15e-6,
  doRowsWritten: 1e-6,
  doActiveSeconds: 0.128 * 12.5e-6,
  aePoints: 0.25e-6,
}

export interface PriceLine {
  item: keyof typeof PRICES
  perEvent: number
  usdPerMillionEvents: number
}

/** List price of a million events, item by item; storage is not in it. */
export function priceLines(usage: Usage): PriceLine[] {
  return (Object.keys(PRICES) as (keyof typeof PRICES)[]).map((item) => {
    const perEvent = usage[item] / usage.events
    return { item, perEvent, usdPerMillionEvents: perEvent * PRICES[item] * 1e6 }
  })
}
