import type { BatchHeader } from '../../contract/batch.ts'
import type { MoveGate } from '../../services/move/port.ts'
import { bytesOf } from './bytes.ts'

interface Pending {
  message: Message<unknown>
  batch: { header: BatchHeader }
}

const orgsOf = (pending: readonly Pending[]) => [...new Set(pending.map(({ batch }) => batch.header.org_id))]

/** Sends on what belongs to organizations that live in another cell now; returns the rest. */
export async function withoutDeparted<P extends Pending>(
  gate: MoveGate,
  shard: number,
  pending: P[],
  fresh = false,
): Promise<P[]> {
  const away = await gate.away(shard, orgsOf(pending), fresh)
  const rest: P[] = []
  for (const item of pending) {
    const home = away.get(item.batch.header.org_id)
    if (home === undefined) rest.push(item)
    else {
      await gate.sendOn(home, item.batch.header, bytesOf(item.message.body))
      item.message.ack()
    }
  }
  return rest
}

/** After a commit that was refused: keeps what is held still and returns what may be tried again at once. */
export async function withoutHeld<P extends Pending>(gate: MoveGate, shard: number, pending: P[]): Promise<P[]> {
  const staying = await withoutDeparted(gate, shard, pending, true)
  const held = await gate.held(shard, orgsOf(staying))
  const rest: P[] = []
  for (const item of staying) {
    if (!held.has(item.batch.header.org_id)) rest.push(item)
    else {
      await gate.hold(item.batch.header, bytesOf(item.message.body))
      item.message.ack()
    }
  }
  return rest
}
