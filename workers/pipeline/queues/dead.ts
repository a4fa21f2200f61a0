import type { BatchHeader } from '../../contract/batch.ts'
import { bytesOf, type IngestDeps } from './ingest.ts'

export interface DeadDeps {
  bury(bytes: Uint8Array, reason: string): Promise<BatchHeader | null>
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
      const header = await deps.bury(bytesOf(message.body), REASON)
      deps.log('error', 'ingest.dead', { batch_id: header?.batch_id, project_id: header?.project_id })
      if (header) await deps.tellFeed(header)
      message.ack()
    } catch (error) {
      deps.log('error', 'ingest.dead_failed', { message_id: message.id, error: String(error) })
      message.retry({ delaySeconds: RETRY_SECONDS })
    }
  }
}
