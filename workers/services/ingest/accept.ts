import type { BatchHeader } from '../../contract/batch.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import type { IntakeEntry } from '../../contract/live.ts'
import type { KeyRecord } from '../../contract/tenant.ts'
import type { Envelope } from '../../domain/envelope.ts'

/** A batch is cut into parts of at most this many events and characters of JSON. */
export const PART_EVENTS_MAX = 2000
export const PART_CHARS_MAX = 500_000

export interface AcceptDeps {
  pack(json: string): Uint8Array
  sha256(parts: (string | Uint8Array)[]): string
  /** Resolves when all are durable. */
  store(batches: Envelope[]): Promise<void>
}

export interface Accepted {
  receipt_id: string
  entries: IntakeEntry[]
}

/**
 * Makes events durable: each part is in the cell's queue, and in its journal where that is asked for, when this
 * resolves. The same body (or `Idempotency-Key`) of the same project is the same batch.
 */
export async function acceptEvents(
  deps: AcceptDeps,
  key: KeyRecord,
  events: CanonicalEvent[],
  identity: Uint8Array | string,
  nowMs: number,
): Promise<Accepted> {
  const batchId = deps
    .sha256([`${key.project_id}\n${typeof identity === 'string' ? 'key' : 'body'}\n`, identity])
    .slice(0, 32)
  const parts = partsOf(events)
  const { org_id, workspace_id, project_id, cell, shard } = key
  const batches = parts.map((part, i): Envelope => {
    const batch_id = parts.length === 1 ? batchId : `${batchId}.${i}`
    const place = { org_id, workspace_id, project_id, cell, shard }
    const header: BatchHeader = { v: 1, batch_id, received_ms: nowMs, events: part.events, ...place }
    return { header, body: deps.pack(part.json) }
  })
  await deps.store(batches)
  return {
    receipt_id: `rct_${project_id}_${batchId}_${parts.length}`,
    entries: batches.map(({ header: { batch_id, events } }) => ({ batch_id, events, received_ms: nowMs })),
  }
}

function partsOf(events: CanonicalEvent[]): { events: number; json: string }[] {
  if (events.length <= PART_EVENTS_MAX) {
    const json = JSON.stringify(events)
    if (json.length <= PART_CHARS_MAX) return [{ events: events.length, json }]
  }
  const parts: { events: number; json: string }[] = []
  let texts: string[] = []
  let chars = 0
  const close = () => {
    if (texts.length > 0) parts.push({ events: texts.length, json: `[${texts.join(',')}]` })
    texts = []
    chars = 0
  }
  for (const event of events) {
    const text = JSON.stringify(event)
    if (texts.length >= PART_EVENTS_MAX || chars + text.length > PART_CHARS_MAX) close()
    texts.push(text)
    chars += text.length + 1
  }
  close()
  return parts
}
