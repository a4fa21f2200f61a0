import { BatchHeader } from '../../contract/batch.ts'
import { splitEnvelope } from '../../domain/envelope.ts'
import { bytesOf } from './bytes.ts'
import type { IngestDeps } from './ingest.ts'

export interface DeadDeps {
  bury(bytes: Uint8Array, reason: string): Promise<BatchHeader | null>
  /** Buries it in the cell where its organization lives now; false when that is this one. */
  buryAway(bytes: Uint8Array, header: BatchHeader, reason: string): Promise<boolean>
  /** Takes the batch out of what is on its way. */
  tellFeed(header: BatchHeader): Promise<void>
  log: IngestDeps['log']
}

const RETRY_SECONDS = 30
const REASON = 'every try to apply this batch failed'

/** Consumes the dead-letter queue: what comes here is kept, and can be replayed. */
export async function handleDeadBatch(queue: MessageBatch<unknown>, deps: DeadDeps): Promise<void> {
  for (const message of queue.messages) {
    try {
      const bytes = bytesOf(message.body)
      const parsed = BatchHeader.safeParse(splitEnvelope(bytes)?.header)
      if (parsed.success && (await deps.buryAway(bytes, parsed.data, REASON))) {
        message.ack()
        continue
      }
      const header = await deps.bury(bytes, REASON)
      deps.log('error', 'ingest.dead', { batch_id: header?.batch_id, project_id: header?.project_id })
      if (header) await deps.tellFeed(header)
      message.ack()
    } catch (error) {
      deps.log('error', 'ingest.dead_failed', { message_id: message.id, error: String(error) })
      message.retry({ delaySeconds: RETRY_SECONDS })
    }
  }
}
