import { BatchHeader } from '../../contract/batch.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import { batchKey, splitEnvelope, splitSegment } from '../../domain/envelope.ts'
import type { JournalEntry, SweepDeps } from '../../services/recovery/sweep.ts'
import type { CellStores } from '../cells.ts'
import { findApplied } from '../d1/commit.ts'
import { sendAll } from '../queue.ts'
import { headersOf } from './journal-metadata.ts'

const PREFIX = 'journal/'

/** The journal of one cell, as the sweep works on it. */
export function journalSweep(stores: CellStores, toMessage: ToMessage): SweepDeps {
  const { bucket } = stores
  return {
    async list(cursor, limit) {
      const page = await bucket.list({ prefix: PREFIX, limit, cursor, include: ['customMetadata'] })
      const entries: JournalEntry[] = []
      for (const object of page.objects) {
        const headers = headersOf(object.customMetadata)
        if (headers.length > 0) entries.push({ name: object.key, headers })
      }
      return { entries, cursor: page.truncated ? page.cursor : null }
    },
    async applied(headers) {
      const keys = new Set<string>()
      for (let shard = 0; shard < stores.shards; shard++) {
        const own = headers.filter((header) => header.shard === shard)
        if (own.length === 0) continue
        for (const batch of await findApplied(stores.shard(shard), own)) keys.add(batchKey(batch))
      }
      return keys
    },
    isDead: async (header) =>
      (await bucket.head(`dead/${header.org_id}/${header.project_id}/${header.batch_id}`)) !== null,
    remove: (names) => bucket.delete(names),
    async resend(entry, headers) {
      const object = await bucket.get(entry.name)
      if (object === null) return
      const wanted = new Set(headers.map(batchKey))
      const messages: Uint8Array[] = []
      for (const [header, envelope] of envelopesOf(await object.bytes()))
        if (wanted.has(batchKey(header))) messages.push(toMessage(header, envelope))
      await sendAll(stores.queue, messages)
    },
  }
}

type ToMessage = (header: BatchHeader, envelope: Uint8Array) => Uint8Array

/** One batch's envelope out of the journal object that holds it; null when it is not there. */
export async function readJournaled(bucket: R2Bucket, name: string, batchId: string): Promise<Uint8Array | null> {
  const object = await bucket.get(name)
  if (object === null) return null
  for (const [header, envelope] of envelopesOf(await object.bytes())) if (header.batch_id === batchId) return envelope
  return null
}

/** Whether a batch of a project lies in the journal. */
export async function isJournaled(bucket: R2Bucket, tenant: ProjectTenant, batchId: string): Promise<boolean> {
  const prefix = `${PREFIX}${tenant.org_id}/${tenant.project_id}/`
  const page = await bucket.list({ prefix, include: ['customMetadata'] })
  return page.objects.some((object) => headersOf(object.customMetadata).some((header) => header.batch_id === batchId))
}

/** The readable envelopes of a journal object. */
export function* envelopesOf(segment: Uint8Array): Generator<[BatchHeader, Uint8Array]> {
  for (const envelope of splitSegment(segment) ?? []) {
    const parsed = BatchHeader.safeParse(splitEnvelope(envelope)?.header)
    if (parsed.success) yield [parsed.data, envelope]
  }
}
