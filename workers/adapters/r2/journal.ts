import { BatchHeader } from '../../contract/batch.ts'
import { encodeEnvelope } from '../../domain/envelope.ts'
import type { JournalEntry, SweepDeps } from '../../services/recovery/sweep.ts'
import type { CellStores } from '../cells.ts'
import { findApplied } from '../d1/commit.ts'

const PREFIX = 'journal/'
const INLINE_BYTES_MAX = 100_000

const batchKey = (batch: { project_id: string; batch_id: string }) => `${batch.project_id}\n${batch.batch_id}`

/** The journal of one cell, as the sweep works on it. */
export function journalSweep(stores: CellStores): SweepDeps {
  const { bucket } = stores
  return {
    async list(cursor, limit) {
      const page = await bucket.list({ prefix: PREFIX, limit, cursor, include: ['customMetadata'] })
      const entries: JournalEntry[] = []
      for (const object of page.objects) {
        const header = headerOf(object.customMetadata?.header)
        if (header) entries.push({ name: object.key, header, bytes: object.size })
      }
      return { entries, cursor: page.truncated ? page.cursor : null }
    },
    async applied(entries) {
      const names = new Set<string>()
      for (let shard = 0; shard < stores.shards; shard++) {
        const own = entries.filter((entry) => entry.header.shard === shard)
        if (own.length === 0) continue
        const headers = own.map((entry) => entry.header)
        const found = new Set((await findApplied(stores.shard(shard), headers)).map(batchKey))
        for (const entry of own) if (found.has(batchKey(entry.header))) names.add(entry.name)
      }
      return names
    },
    isDead: async (header) =>
      (await bucket.head(`dead/${header.org_id}/${header.project_id}/${header.batch_id}`)) !== null,
    remove: (names) => bucket.delete(names),
    async resend(entry) {
      const object = entry.bytes > INLINE_BYTES_MAX ? null : await bucket.get(entry.name)
      const pointer = () =>
        encodeEnvelope({ header: { ...entry.header, journal: entry.name, pointer: true }, body: new Uint8Array(0) })
      await stores.queue.send(object ? await object.bytes() : pointer(), { contentType: 'bytes' })
    },
  }
}

function headerOf(json: string | undefined): BatchHeader | null {
  try {
    const parsed = BatchHeader.safeParse(JSON.parse(json ?? 'null'))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
