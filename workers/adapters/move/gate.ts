import type { Cell } from '../../contract/tenant.ts'
import { encodeSegment } from '../../domain/envelope.ts'
import type { Home, MoveGate } from '../../services/move/port.ts'
import type { CellStores } from '../cells.ts'
import { sha256Hex } from '../hash.ts'
import { journalMetadata } from '../r2/journal-metadata.ts'
import { handOver, readdressed, type ToMessage } from './bucket.ts'

/** An isolate knows for this long who has left; the triggers hold for much longer (services/move/job.ts). */
const KNOWN_MS = 10_000

interface Known {
  left: Map<string, Home>
  untilMs: number
}
const known = new Map<string, Known>()

/** Forgets who has left, for a test whose clock runs faster. */
export function forgetDeparted(): void {
  known.clear()
}

/** Organizations that this shard holds still. */
async function movingOrgs(db: D1Database): Promise<Set<string>> {
  const found = await db.prepare('SELECT org_id FROM moving').all<{ org_id: string }>()
  return new Set(found.results.map((row) => row.org_id))
}

/** What a consumer of one cell does with batches of organizations that move, or have moved, away. */
export function moveGate(stores: CellStores, storesOf: (home: Home) => CellStores, toMessage: ToMessage): MoveGate {
  return {
    isHeld: (error) => String(error).includes('the organization is moving'),
    async held(shard, orgIds) {
      const moving = await movingOrgs(stores.shard(shard))
      return new Set(orgIds.filter((id) => moving.has(id)))
    },
    async away(shard, orgIds, fresh = false) {
      const away = new Map<string, Home>()
      let left = await departed(stores, shard, fresh)
      if (left.size === 0) return away
      // One that came back must not be sent away by what an isolate remembers.
      if (!fresh && orgIds.some((id) => left.has(sha256Hex(id)))) left = await departed(stores, shard, true)
      for (const id of orgIds) {
        const home = left.get(sha256Hex(id))
        if (home !== undefined) away.set(id, home)
      }
      return away
    },
    async hold(header, envelope) {
      if (header.journal !== undefined) return
      const name = `journal/${header.org_id}/${header.project_id}/${header.received_ms}-held-${header.batch_id}`
      await stores.bucket.put(name, encodeSegment([envelope]), { customMetadata: journalMetadata([header]) })
    },
    async sendOn(home, header, envelope) {
      const to = storesOf(home)
      const isHanded = header.journal !== undefined && (await handOver(stores, to, home, header.journal, toMessage))
      // Its journal was handed over before; sent once more it is the same batch.
      if (!isHanded && header.pointer !== true)
        await to.queue.send(readdressed(envelope, home), { contentType: 'bytes' })
    },
  }
}

async function departed(stores: CellStores, shard: number, fresh: boolean): Promise<Map<string, Home>> {
  const place = `${stores.cell} ${shard}`
  const hit = known.get(place)
  if (!fresh && hit !== undefined && hit.untilMs > Date.now()) return hit.left
  const found = await stores
    .shard(shard)
    .prepare('SELECT org_hash, cell, shard FROM departed')
    .all<{ org_hash: string; cell: Cell; shard: number }>()
  const left = new Map(found.results.map(({ org_hash, cell, shard: n }) => [org_hash, { cell, shard: n }]))
  known.set(place, { left, untilMs: Date.now() + KNOWN_MS })
  return left
}
