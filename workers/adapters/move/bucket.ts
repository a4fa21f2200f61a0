import type { BatchHeader } from '../../contract/batch.ts'
import { batchKey, encodeEnvelope, encodeSegment, splitEnvelope } from '../../domain/envelope.ts'
import type { Home, MoveJob, MoveObjects } from '../../services/move/port.ts'
import type { CellStores } from '../cells.ts'
import { findApplied } from '../d1/commit.ts'
import { sendAll } from '../queue.ts'
import { envelopesOf } from '../r2/journal.ts'
import { journalMetadata } from '../r2/journal-metadata.ts'
import { kindsOf } from '../r2/kinds.ts'

const PAGE = 100
const JOURNAL_PAGE = 20
const REMOVED = 500
/** Larger objects are streamed. */
const BUFFERED_BYTES_MAX = 8_000_000
const JOURNAL = 'journal/'

export type ToMessage = (header: BatchHeader, envelope: Uint8Array) => Uint8Array

/** Objects of an organization in the buckets of two cells: all that lie under `<kind>/<org>/`, whatever the kind. */
export function moveObjects(storesOf: (home: Home) => CellStores, toMessage: ToMessage): MoveObjects {
  const bucketOf = (home: Home) => storesOf(home).bucket
  return {
    async copyPage(job, after) {
      const [from, to] = [bucketOf(job.from), bucketOf(job.to)]
      const at = after === null ? {} : (JSON.parse(after) as { kind?: string; cursor?: string })
      const kinds = (await kindsOf(from)).filter((kind) => kind !== JOURNAL)
      const kind = kinds.find((name) => name >= (at.kind ?? ''))
      if (kind === undefined) return { copied: 0, next: null }
      const cursor = kind === at.kind ? at.cursor : undefined
      const page = await from.list({ prefix: `${kind}${job.orgId}/`, limit: PAGE, cursor, include: ['customMetadata'] })
      let copied = 0
      for (const object of page.objects) if (await copyObject(from, to, object, job)) copied++
      // Sorts after the kind itself and before every other.
      const next = page.truncated ? { kind, cursor: page.cursor } : { kind: `${kind} ` }
      return { copied, next: JSON.stringify(next) }
    },
    async measure(at, orgId) {
      const sum = { objects: 0, bytes: 0 }
      for await (const { size } of objectsOf(bucketOf(at), orgId)) {
        sum.objects++
        sum.bytes += size
      }
      return sum
    },
    async drainJournal(job) {
      const page = await bucketOf(job.from).list({ prefix: `${JOURNAL}${job.orgId}/`, limit: JOURNAL_PAGE })
      for (const { key } of page.objects) await handOver(storesOf(job.from), storesOf(job.to), job.to, key, toMessage)
      return page.objects.length
    },
    async removeSome(at, orgId) {
      const keys: string[] = []
      for await (const { key } of objectsOf(bucketOf(at), orgId)) {
        keys.push(key)
        if (keys.length === REMOVED) break
      }
      if (keys.length > 0) await bucketOf(at).delete(keys)
      return keys.length
    },
    async count(at, orgId) {
      let count = (await bucketOf(at).list({ prefix: `${JOURNAL}${orgId}/`, limit: 1 })).objects.length
      for await (const _ of objectsOf(bucketOf(at), orgId)) count++
      return count
    },
  }
}

/** Every object of an organization but its journal. */
async function* objectsOf(bucket: R2Bucket, orgId: string): AsyncGenerator<R2Object> {
  for (const kind of await kindsOf(bucket)) {
    if (kind === JOURNAL) continue
    let cursor: string | undefined
    do {
      const page = await bucket.list({ prefix: `${kind}${orgId}/`, cursor })
      yield* page.objects
      cursor = page.truncated ? page.cursor : undefined
    } while (cursor !== undefined)
  }
}

/** Copies an object unless the other side has the same; whether it had to. */
async function copyObject(from: R2Bucket, to: R2Bucket, object: R2Object, job: MoveJob): Promise<boolean> {
  // After the switch people may change or remove what lies in the new cell: only what came late is missing there.
  if (job.switchedMs !== null && object.uploaded.getTime() < (job.frozenMs ?? 0)) return false
  const there = await to.head(object.key)
  if (there !== null && (job.switchedMs !== null || isSame(there, object))) return false
  const found = await from.get(object.key)
  if (found === null) return false
  const { httpMetadata, customMetadata } = found
  if (found.size <= BUFFERED_BYTES_MAX) {
    await to.put(object.key, await found.arrayBuffer(), { httpMetadata, customMetadata })
    return true
  }
  const { readable, writable } = new FixedLengthStream(found.size)
  await Promise.all([found.body.pipeTo(writable), to.put(object.key, readable, { httpMetadata, customMetadata })])
  return true
}

function isSame(a: R2Object, b: R2Object): boolean {
  const meta = ({ customMetadata = {} }: R2Object) => JSON.stringify(Object.entries(customMetadata).sort())
  return a.size === b.size && a.etag === b.etag && meta(a) === meta(b)
}

/** An envelope as if it had been accepted for this place. */
export function readdressed(bytes: Uint8Array, home: Home): Uint8Array {
  const split = splitEnvelope(bytes)
  if (split === null) throw new Error('not an envelope')
  return encodeEnvelope({
    header: { ...(split.header as BatchHeader), cell: home.cell, shard: home.shard },
    body: split.body,
  })
}

/**
 * Hands a journal object over to another cell: what is not applied there is journaled and sent there, and the object
 * here is gone. Repeated, it sends the same batches, which are applied once.
 */
export async function handOver(
  from: CellStores,
  to: CellStores,
  home: Home,
  name: string,
  toMessage: ToMessage,
): Promise<boolean> {
  const object = await from.bucket.get(name)
  if (object === null) return false
  const segment = await object.bytes()
  const all = [...envelopesOf(segment)].map(([header, bytes]) => ({
    header: { ...header, cell: home.cell, shard: home.shard },
    bytes: readdressed(bytes, home),
  }))
  // What nobody can read is kept as it is.
  if (all.length === 0) await to.bucket.put(name, segment, { customMetadata: object.customMetadata })
  const headers = all.map(({ header }) => header)
  const applied = new Set((await findApplied(to.shard(home.shard), headers)).map(batchKey))
  const open = all.filter(({ header }) => !applied.has(batchKey(header)))
  if (open.length > 0) {
    await to.bucket.put(name, encodeSegment(open.map(({ bytes }) => bytes)), {
      customMetadata: journalMetadata(open.map(({ header }) => header)),
    })
    const messages: Uint8Array[] = []
    for (const { header, bytes } of open) {
      const dead = `dead/${header.org_id}/${header.project_id}/${header.batch_id}`
      // People replay the dead.
      if ((await to.bucket.head(dead)) === null) messages.push(toMessage(header, bytes))
    }
    await sendAll(to.queue, messages)
  }
  await from.bucket.delete(name)
  return true
}
