import { cellFor } from '../../adapters/cells.ts'
import { sha256Hex } from '../../adapters/hash.ts'
import { BUNDLED_NAME, bundledProviders } from '../../adapters/prices/bundled.ts'
import { fetchPublished } from '../../adapters/prices/published.ts'
import { forgetCatalogue, snapshots } from '../../adapters/prices/snapshots.ts'
import { CatalogueData } from '../../contract/price-catalogue.ts'
import type { Cell } from '../../contract/tenant.ts'
import { refreshCatalogue, type Refreshed } from '../../services/price/refresh.ts'
import type { Env } from '../deps.ts'
import { log } from '../log.ts'

/** Cells whose last look failed: a machine without internet is told of once. */
const failing = new Set<Cell>()

/** Looks for a newer catalogue, where there is an address to look at. */
export async function refreshPrices(env: Env, cell: Cell, nowMs: number): Promise<Refreshed | { kind: 'off' }> {
  const { PRICES_URL: source } = env
  if (source === '') return { kind: 'off' }
  const done = await refreshCatalogue(
    {
      ...snapshots(cellFor(env, cell).bucket),
      source,
      bundled: { name: BUNDLED_NAME, data: CatalogueData.parse(bundledProviders) },
      fetch: (etag) => fetchPublished(source, etag),
      sha256: sha256Hex,
    },
    nowMs,
  )
  const write = log(env.LOG_LEVEL)
  if (done.kind === 'failed' && !failing.has(cell)) write('warn', 'prices.unreachable', { cell, detail: done.detail })
  if (done.kind === 'failed') failing.add(cell)
  else if (done.kind !== 'early') failing.delete(cell)
  if (done.kind === 'refused') write('error', 'prices.refused', { cell, detail: done.detail })
  if (done.kind === 'used') {
    forgetCatalogue(cell)
    write('info', 'prices.refreshed', { cell })
  }
  return done
}
