import { cellFor } from '../../adapters/cells.ts'
import { keyPlaces } from '../../adapters/d1/key-places.ts'
import { shortHash } from '../../adapters/hash.ts'
import { keyWriter } from '../../adapters/keys-kv.ts'
import { moveActors } from '../../adapters/move/actors.ts'
import { moveObjects } from '../../adapters/move/bucket.ts'
import { moveTables } from '../../adapters/move/data-tables.ts'
import { moveGate } from '../../adapters/move/gate.ts'
import { moveStore } from '../../adapters/move/moves.ts'
import type { Cell } from '../../contract/tenant.ts'
import { ANY_PRICES } from '../../domain/price-book.ts'
import { record } from '../../services/audit/record.ts'
import { messageOf } from '../../services/ingest/store.ts'
import { publishKeys } from '../../services/move/keys.ts'
import { moverCell } from '../../services/move/place.ts'
import { moveRecord } from '../../services/move/record.ts'
import type { Home, MoveDeps, MoveGate } from '../../services/move/port.ts'
import type { Env } from '../deps.ts'
import { auditOf } from '../deps-audit.ts'

const noCheckpoint = () => {}

/** Everything that moving an organization needs: both cells, the control database and the keys of the edge. */
export function moveDeps(
  env: Env,
  checkpoint: (step: string) => void = noCheckpoint,
  now = () => Date.now(),
): MoveDeps {
  const moves = moveStore(env.CONTROL)
  const storesOf = ({ cell }: Home) => cellFor(env, cell)
  const tools = { pricesOf: () => ANY_PRICES, shortHash, hex: () => '' }
  const audit = auditOf(env, now)
  return {
    moves,
    tables: moveTables((home) => storesOf(home).shard(home.shard), tools),
    objects: moveObjects(storesOf, messageOf),
    actors: moveActors({
      // The classes implement these; a stub's own type makes each answer a promise of itself.
      budget: (home, orgId) => storesOf(home).object(env.TENANT_BUDGET, orgId),
      alerts: (home, orgId) => storesOf(home).object(env.ORG_ALERTS, orgId),
      audit: (home, orgId) => storesOf(home).object(env.TENANT_AUDIT, orgId),
      feed: (home, projectId) => storesOf(home).object(env.LIVE_FEED, projectId),
    }),
    publishKeys: (orgId) => publishKeys({ places: keyPlaces(env.CONTROL), records: keyWriter(env.KEYS) }, orgId),
    audit: async (tenant, job) => {
      await record(audit, tenant, moveRecord(job, now()))
    },
    now,
    checkpoint,
  }
}

/** What the consumers of a cell ask of moves. */
export function gateOf(env: Env, cell: Cell): MoveGate {
  return moveGate(cellFor(env, cell), (home) => cellFor(env, home.cell), messageOf)
}

/** Wakes the moves that nobody has worked on for a minute. */
export async function wakeMoves(env: Env, nowMs: number): Promise<{ woken: number }> {
  const moves = moveStore(env.CONTROL)
  const idle = await moves.idle(nowMs - IDLE_MS)
  for (const orgId of idle) {
    const job = await moves.newest(orgId)
    if (job !== null) await cellFor(env, moverCell(job)).object(env.ORG_MOVE, orgId).run(orgId)
  }
  return { woken: idle.length }
}

const IDLE_MS = 60_000
