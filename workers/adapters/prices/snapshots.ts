import { gunzipSync, gzipSync } from 'node:zlib'
import type { CatalogueData } from '../../contract/price-catalogue.ts'
import type { Cell } from '../../contract/tenant.ts'
import { catalogueOf } from '../../domain/catalogue/catalogue.ts'
import type { Catalogue } from '../../domain/price-override.ts'
import type { Snapshot } from '../../services/price/port.ts'
import type { Current, RefreshDeps } from '../../services/price/refresh.ts'
import { cellFor, type CellEnv } from '../cells.ts'
import { BUNDLED_NAME, bundledCatalogue } from './bundled.ts'

const CURRENT = 'catalogue/current.json'
const nameOf = (hash: string) => `catalogue/${hash}.json.gz`

/** Snapshots of the published catalogue in a cell's bucket: nothing in them is of a tenant. */
export function snapshots(bucket: R2Bucket): Pick<RefreshDeps, 'current' | 'snapshot' | 'keep' | 'use'> {
  return {
    current: () => currentOf(bucket),
    async snapshot(hash) {
      const object = await bucket.get(nameOf(hash))
      if (object === null) return null
      const packed = new Uint8Array(await object.arrayBuffer())
      return JSON.parse(gunzipSync(packed).toString()) as CatalogueData
    },
    async keep(hash, data) {
      await bucket.put(nameOf(hash), gzipSync(JSON.stringify(data)))
    },
    async use(current) {
      await bucket.put(CURRENT, JSON.stringify(current), { httpMetadata: { contentType: 'application/json' } })
    },
  }
}

async function currentOf(bucket: R2Bucket): Promise<Current | null> {
  const object = await bucket.get(CURRENT)
  return object === null ? null : object.json<Current>()
}

interface InUse {
  hash: string | null
  catalogue: Catalogue
  snapshot: Snapshot
}

/** An isolate looks for another snapshot this often. */
const LOOK_MS = 300_000
const BUNDLED: InUse = {
  hash: null,
  catalogue: bundledCatalogue,
  snapshot: { name: BUNDLED_NAME, sinceMs: null, source: 'npm: @pydantic/genai-prices' },
}
const inUse = new Map<Cell, { readMs: number; found: Promise<InUse> }>()

/** The catalogue that a cell prices by; the last one that is known where its bucket cannot be read. */
export function catalogueFor(env: CellEnv, cell: Cell, nowMs = Date.now()): Promise<InUse> {
  const known = inUse.get(cell)
  if (known !== undefined && nowMs - known.readMs < LOOK_MS) return known.found
  const found = look(cellFor(env, cell).bucket, known?.found)
  inUse.set(cell, { readMs: nowMs, found })
  return found
}

/** Looks again when it is asked next. */
export function forgetCatalogue(cell: Cell): void {
  inUse.delete(cell)
}

async function look(bucket: R2Bucket, known: Promise<InUse> | undefined): Promise<InUse> {
  const last = (await known) ?? BUNDLED
  try {
    const current = await currentOf(bucket)
    if (current === null || current.hash === null) return BUNDLED
    if (current.hash === last.hash) return last
    const data = await snapshots(bucket).snapshot(current.hash)
    if (data === null) return last
    const { hash, name, since_ms: sinceMs, source } = current
    return { hash, catalogue: catalogueOf(data, name), snapshot: { name, sinceMs, source } }
  } catch {
    return last
  }
}
