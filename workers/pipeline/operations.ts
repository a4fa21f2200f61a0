import { WorkerEntrypoint } from 'cloudflare:workers'
import { cellFor } from '../adapters/cells.ts'
import { ledgerTotal } from '../adapters/d1/ledger-total.ts'
import { CELLS, type Tenant } from '../contract/tenant.ts'
import type { Env } from './deps.ts'

export interface Readiness {
  ok: boolean
  failed: { name: string; detail: string }[]
}

const PROBE_MS_MAX = 3000

/** What the other Workers of this product may ask of the pipeline; not reachable from outside. */
export class Operations extends WorkerEntrypoint<Env> {
  /** Asks every store of every cell for a sign of life. */
  async ready(): Promise<Readiness> {
    const probes: [name: string, probe: () => Promise<unknown>][] = []
    for (const cell of CELLS) {
      const stores = cellFor(this.env, cell)
      for (let shard = 0; shard < stores.shards; shard++) {
        probes.push([
          `d1 ${cell} ${shard}`,
          () => stores.shard(shard).prepare('SELECT seq FROM progress LIMIT 1').all(),
        ])
      }
      probes.push([`r2 ${cell}`, () => stores.bucket.head('readyz')])
      probes.push([`queue ${cell}`, () => stores.queue.metrics()])
      probes.push([`live feed ${cell}`, () => stores.object(this.env.LIVE_FEED, 'readyz').watermark()])
      probes.push([`audit ${cell}`, () => stores.object(this.env.TENANT_AUDIT, 'readyz').page(0, 0)])
      probes.push([`alerts ${cell}`, () => stores.object(this.env.ORG_ALERTS, 'readyz').targets()])
      probes.push([`budget ${cell}`, () => stores.object(this.env.TENANT_BUDGET, 'readyz').missing([])])
    }
    const results = await Promise.all(probes.map(([name, probe]) => attempt(name, probe)))
    const failed = results.filter((r) => r !== null)
    return { ok: failed.length === 0, failed }
  }

  /** Batches that wait in the queues of all cells. */
  async backlog(): Promise<number> {
    const counts = await Promise.all(
      CELLS.map(async (cell) => (await cellFor(this.env, cell).queue.metrics()).backlogCount),
    )
    return counts.reduce((sum, n) => sum + n, 0)
  }

  /** Compares an org's TenantBudget with its ledger; the differences must be zero. */
  async reconcile(tenant: Tenant): Promise<{ difference_nanousd: string; entries_difference: number }> {
    const stores = cellFor(this.env, tenant.cell)
    const total = await ledgerTotal(stores.shard(tenant.shard), tenant.org_id)
    return stores.object(this.env.TENANT_BUDGET, tenant.org_id).reconcile(total)
  }
}

async function attempt(name: string, probe: () => Promise<unknown>): Promise<{ name: string; detail: string } | null> {
  const late = new Promise<never>((_, reject) =>
    setTimeout(() => reject(new Error(`no answer within ${PROBE_MS_MAX} ms`)), PROBE_MS_MAX),
  )
  try {
    await Promise.race([probe(), late])
    return null
  } catch (error) {
    return { name, detail: error instanceof Error ? error.message : 'failed' }
  }
}
