import { gzipSync } from 'node:zlib'
import { BatchHeader } from '../../contract/batch.ts'
import { encodeEnvelope, encodeSegment, splitEnvelope, splitSegment } from '../../domain/envelope.ts'
import { eraseEvents, tracesOf, type Eraser } from '../../domain/erase.ts'
import type { ErasedPage } from '../../services/erasure/port.ts'
import { kindsOf } from '../r2/kinds.ts'
import { replace } from '../r2/replace.ts'
import { eraseParquet } from './archive.ts'
import { theirTraces, unpacked } from './batches.ts'

const LISTED = 20

type Counts = Pick<ErasedPage, 'scanned' | 'changed' | 'removed'>
type EraseObject = (place: Place, object: R2ObjectBody, eraser: Eraser) => Promise<Counts>

interface Place {
  bucket: R2Bucket
  db: D1Database
}

/** Takes a person out of some objects of an organization: all that lie under `<kind>/<org>/`, whatever the kind. */
export async function eraseObjects(
  place: Place,
  orgId: string,
  after: string | null,
  eraser: Eraser,
): Promise<ErasedPage> {
  const { bucket } = place
  const at = after === null ? {} : (JSON.parse(after) as { kind?: string; name?: string })
  const kind = (await kindsOf(bucket)).find((name) => name >= (at.kind ?? ''))
  const result: ErasedPage = { store: kind?.slice(0, -1) ?? '', scanned: 0, changed: 0, removed: 0, next: null }
  if (kind === undefined) return result
  const startAfter = kind === at.kind ? at.name : undefined
  const page = await bucket.list({ prefix: `${kind}${orgId}/`, limit: LISTED, startAfter })
  for (const { key } of page.objects) {
    const object = await bucket.get(key)
    if (object === null) continue
    const counts = await (BY_KIND[kind] ?? eraseText)(place, object, eraser)
    for (const name of ['scanned', 'changed', 'removed'] as const) result[name] += counts[name]
  }
  const last = page.objects.at(-1)?.key
  // A space sorts after the kind itself and before every other.
  result.next = JSON.stringify(page.truncated && last !== undefined ? { kind, name: last } : { kind: `${kind} ` })
  return result
}

const BY_KIND: Record<string, EraseObject> = {
  'archive/': eraseParquet,
  'journal/': eraseEnvelopes,
  'dead/': eraseEnvelopes,
  // Copies of what is stored elsewhere: they are made again without the person.
  'exports/': removeObject,
}

/** Batches that wait, or could not be applied. What nobody can unpack nobody can apply: it is removed. */
async function eraseEnvelopes({ bucket, db }: Place, object: R2ObjectBody, eraser: Eraser): Promise<Counts> {
  const bytes = await object.bytes()
  const segment = splitSegment(bytes)
  const counts = { scanned: 0, changed: 0, removed: 0 }
  const next: Uint8Array[] = []
  for (const envelope of segment ?? [bytes]) {
    const split = splitEnvelope(envelope)
    const header = BatchHeader.safeParse(split?.header)
    const events = split && header.success ? readable(split.body) : null
    if (events === null || !header.success) return removeObject({ bucket }, object)
    const own = tracesOf(events, eraser.needles[0])
    const theirs = await theirTraces(db, header.data.project_id, events, eraser.needles[0])
    const erased = eraseEvents(eraser, events, new Set([...theirs, ...own]))
    counts.scanned += events.length
    counts.changed += erased.changed
    next.push(
      erased.changed === 0
        ? envelope
        : encodeEnvelope({ header: header.data, body: gzipSync(JSON.stringify(erased.events)) }),
    )
  }
  if (counts.changed > 0) await replace(bucket, object, segment === null ? (next[0] ?? bytes) : encodeSegment(next))
  return counts
}

function readable(body: Uint8Array) {
  try {
    return unpacked(body)
  } catch {
    return null
  }
}

/** Checkpoints, certificates, and kinds that nobody told us about: as text. */
async function eraseText({ bucket }: Place, object: R2ObjectBody, eraser: Eraser): Promise<Counts> {
  const text = await object.text()
  const next = eraser.text(text)
  if (next === text) return { scanned: 1, changed: 0, removed: 0 }
  await replace(bucket, object, next)
  return { scanned: 1, changed: 1, removed: 0 }
}

async function removeObject({ bucket }: Pick<Place, 'bucket'>, { key }: R2Object): Promise<Counts> {
  await bucket.delete(key)
  return { scanned: 1, changed: 0, removed: 1 }
}
