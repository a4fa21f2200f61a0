import { BatchHeader } from '../../contract/batch.ts'
import { splitEnvelope } from '../../domain/envelope.ts'
import { sha256Hex } from '../hash.ts'

/** A batch that could not be applied, with the bytes to try again. */
export interface StoredDeadLetter {
  batch_id: string
  events: number
  received_ms: number
  dead_ms: number
  reason: string
  replayed_ms: number | null
}

const REASON_CHARS_MAX = 300
const prefixOf = (t: { org_id: string; project_id: string }) => `dead/${t.org_id}/${t.project_id}/`

/** The dead-letter store of one cell: `dead/<org>/<project>/<batch>` in its bucket. */
export function deadLetters(bucket: R2Bucket) {
  return {
    /** Keeps the bytes and why. What has no readable header is kept under `dead/_unreadable/`. */
    async put(bytes: Uint8Array, reason: string, nowMs: number, cell: string): Promise<BatchHeader | null> {
      const parsed = BatchHeader.safeParse(splitEnvelope(bytes)?.header)
      const header = parsed.success && parsed.data.cell === cell ? parsed.data : null
      const name = header ? `${prefixOf(header)}${header.batch_id}` : `dead/_unreadable/${sha256Hex(bytes)}`
      const customMetadata: Record<string, string> = {
        reason: reason.slice(0, REASON_CHARS_MAX),
        dead_ms: String(nowMs),
      }
      if (header)
        Object.assign(customMetadata, {
          events: String(header.events),
          received_ms: String(header.received_ms),
          shard: String(header.shard),
        })
      await bucket.put(name, bytes, { customMetadata })
      return header
    },

    async list(
      tenant: { org_id: string; project_id: string },
      cursor: string | undefined,
      limit: number,
    ): Promise<{ letters: StoredDeadLetter[]; cursor: string | null }> {
      const prefix = prefixOf(tenant)
      const page = await bucket.list({ prefix, limit, cursor, include: ['customMetadata'] })
      const letters = page.objects.map((object) =>
        letterOf(object.key.slice(prefix.length), object.customMetadata ?? {}),
      )
      return { letters, cursor: page.truncated ? page.cursor : null }
    },

    async find(
      tenant: { org_id: string; project_id: string },
      batchId: string,
    ): Promise<{ letter: StoredDeadLetter; bytes: Uint8Array } | null> {
      const object = await bucket.get(prefixOf(tenant) + batchId)
      return (
        object && {
          letter: letterOf(batchId, object.customMetadata ?? {}),
          bytes: new Uint8Array(await object.arrayBuffer()),
        }
      )
    },

    async markReplayed(tenant: { org_id: string; project_id: string }, batchId: string, nowMs: number): Promise<void> {
      const object = await bucket.get(prefixOf(tenant) + batchId)
      if (!object) return
      await bucket.put(prefixOf(tenant) + batchId, await object.arrayBuffer(), {
        customMetadata: { ...object.customMetadata, replayed_ms: String(nowMs) },
      })
    },

    remove: (tenant: { org_id: string; project_id: string }, batchId: string) =>
      bucket.delete(prefixOf(tenant) + batchId),

    /** Letters and events that are dead and not replayed; counting stops at a thousand letters. */
    async count(tenant: { org_id: string; project_id: string }): Promise<{ letters: number; events: number }> {
      const page = await bucket.list({ prefix: prefixOf(tenant), include: ['customMetadata'] })
      const open = page.objects.filter((object) => object.customMetadata?.replayed_ms === undefined)
      return {
        letters: open.length,
        events: open.reduce((sum, object) => sum + Number(object.customMetadata?.events ?? 0), 0),
      }
    },
  }
}

function letterOf(batchId: string, meta: Record<string, string>): StoredDeadLetter {
  return {
    batch_id: batchId,
    events: Number(meta.events ?? 0),
    received_ms: Number(meta.received_ms ?? 0),
    dead_ms: Number(meta.dead_ms ?? 0),
    reason: meta.reason ?? 'unknown',
    replayed_ms: meta.replayed_ms === undefined ? null : Number(meta.replayed_ms),
  }
}
