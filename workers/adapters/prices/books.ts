import type { Cell, Tenant } from '../../contract/tenant.ts'
import type { PriceBook } from '../../domain/price-book.ts'
import { bookOf, type OverrideRow } from '../../domain/price-override.ts'
import { cellFor, type CellEnv } from '../cells.ts'
import { overridesOf } from '../d1/price-store.ts'
import { catalogueFor } from './snapshots.ts'

/** A change of an organization's prices is known everywhere after this time; where it was made, at once. */
export const PRICES_KEPT_MS = 30_000
const ORGS_MAX = 5000

const kept = new Map<string, { rows: readonly OverrideRow[]; readMs: number }>()
const keyOf = (cell: Cell, shard: number, orgId: string) => `${cell} ${shard} ${orgId}`

/** Books of organizations of one shard; what this isolate does not know is read at once, for all of them. */
export async function openBooks(
  env: CellEnv,
  { cell, shard }: Pick<Tenant, 'cell' | 'shard'>,
  orgIds: readonly string[],
  nowMs = Date.now(),
): Promise<(orgId: string) => PriceBook> {
  // Held here: what is kept for others may be cleared while this call waits.
  const found = new Map<string, readonly OverrideRow[]>()
  const missing: string[] = []
  for (const orgId of orgIds) {
    const known = kept.get(keyOf(cell, shard, orgId))
    if (known === undefined || nowMs - known.readMs >= PRICES_KEPT_MS) missing.push(orgId)
    else found.set(orgId, known.rows)
  }
  if (missing.length > 0) {
    const read = await overridesOf(cellFor(env, cell).shard(shard), missing)
    if (kept.size + missing.length > ORGS_MAX) kept.clear()
    for (const [orgId, rows] of read) {
      found.set(orgId, rows)
      kept.set(keyOf(cell, shard, orgId), { rows, readMs: nowMs })
    }
  }
  const { catalogue } = await catalogueFor(env, cell)
  return (orgId) => bookOf(catalogue, found.get(orgId) ?? [])
}

/** The book of one organization. */
export async function openPrices(env: CellEnv, tenant: Tenant): Promise<PriceBook> {
  return (await openBooks(env, tenant, [tenant.org_id]))(tenant.org_id)
}

/** What this isolate knows of an organization's prices is read anew when it is needed next. */
export function forgetPrices({ cell, shard, org_id }: Tenant): void {
  kept.delete(keyOf(cell, shard, org_id))
}
