import type { BatchHeader } from '../../contract/batch.ts'
import { encodeEnvelope, encodeSegment, pointerTo, type Envelope } from '../../domain/envelope.ts'

/** Over this size an envelope goes through the journal and the message is a pointer. */
export const MESSAGE_BYTES_MAX = 100_000

export interface StorePorts {
  /** Journal every batch, not only the large ones. */
  journalAlways: boolean
  putJournal(name: string, segment: Uint8Array, headers: BatchHeader[]): Promise<unknown>
  send(messages: Uint8Array[]): Promise<unknown>
  /** Text that no other journal object of this moment has. */
  unique(): string
}

/**
 * Makes batches of one project durable together: those that are journaled in one object, all in the queue, when
 * this resolves. When it throws, some may be durable all the same; sent again they are the same batches.
 */
export async function storeBatches(ports: StorePorts, batches: readonly Envelope[]): Promise<void> {
  const packed = batches.map((batch) => ({ batch, bytes: encodeEnvelope(batch) }))
  const journaled = packed.filter(({ bytes }) => ports.journalAlways || bytes.length > MESSAGE_BYTES_MAX)
  const first = journaled[0]?.batch.header
  if (first !== undefined) {
    const name = `journal/${first.org_id}/${first.project_id}/${first.received_ms}-${ports.unique()}`
    for (const item of journaled) {
      item.batch.header.journal = name
      item.bytes = encodeEnvelope(item.batch)
    }
    const segment = encodeSegment(journaled.map(({ bytes }) => bytes))
    await ports.putJournal(
      name,
      segment,
      journaled.map(({ batch }) => batch.header),
    )
  }
  await ports.send(packed.map(({ batch, bytes }) => messageOf(batch.header, bytes)))
}

/** The queue message of a journaled or small batch. */
export function messageOf(header: BatchHeader, envelope: Uint8Array): Uint8Array {
  return envelope.length > MESSAGE_BYTES_MAX ? pointerTo(header) : envelope
}
