import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { ExportDeps, WrittenFile } from '../../services/export/work.ts'

const PREFIX = 'exports/'
const DAY_MS = 86_400_000

const placeOf = (orgId: string, id: string) => `${PREFIX}${orgId}/${id}/`

/** The files of exports, in a cell's bucket. */
export function exportFiles(bucket: R2Bucket, orgId: string): Pick<ExportDeps, 'write' | 'written'> {
  return {
    async write({ id }, name, lines, isDocument) {
      const text = isDocument
        ? `${JSON.stringify(lines[0], null, 2)}\n`
        : lines.map((line) => `${JSON.stringify(line)}\n`).join('')
      const bytes = isDocument ? new TextEncoder().encode(text) : gzipSync(text)
      const file: WrittenFile = {
        name,
        rows: isDocument ? 0 : lines.length,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      }
      const { rows, sha256 } = file
      await bucket.put(placeOf(orgId, id) + name, bytes, { customMetadata: { rows: String(rows), sha256 } })
      return file
    },
    async written({ id }) {
      const files: WrittenFile[] = []
      for await (const { key, size, customMetadata } of objectsUnder(bucket, placeOf(orgId, id)))
        files.push({
          name: key.slice(placeOf(orgId, id).length),
          rows: Number(customMetadata?.['rows'] ?? 0),
          bytes: size,
          sha256: customMetadata?.['sha256'] ?? '',
        })
      return files
    },
  }
}

/** Whether an export still has its last file, which is removed with all others. */
export async function isWhole(bucket: R2Bucket, orgId: string, id: string): Promise<boolean> {
  return (await bucket.head(`${placeOf(orgId, id)}manifest.json`)) !== null
}

/** What a download of an export holds: its files, and of the organization what is kept as files already. */
export async function* downloadOf(
  bucket: R2Bucket,
  orgId: string,
  id: string,
): AsyncGenerator<{ name: string; input: ReadableStream<Uint8Array>; lastModified: Date }> {
  const places = [
    [placeOf(orgId, id), ''],
    [`archive/${orgId}/`, 'archive/'],
    [`certificates/${orgId}/`, 'certificates/'],
  ] as const
  for (const [place, folder] of places)
    for await (const { key } of objectsUnder(bucket, place)) {
      const object = await bucket.get(key)
      if (object !== null)
        yield {
          name: folder + key.slice(place.length),
          input: object.body as ReadableStream<Uint8Array>,
          lastModified: object.uploaded,
        }
    }
}

/** Removes all exports of an organization, which hold what was removed since. */
export async function removeExports(bucket: R2Bucket, orgId: string): Promise<void> {
  const keys: string[] = []
  for await (const { key } of objectsUnder(bucket, `${PREFIX}${orgId}/`)) keys.push(key)
  for (const key of keys) await bucket.delete(key)
}

/** Removes the files of exports that are too old; how many. */
export async function removeOldExports(
  bucket: R2Bucket,
  keptDays: number,
  nowMs: number,
): Promise<{ removed: number }> {
  let removed = 0
  for await (const { key, uploaded } of objectsUnder(bucket, PREFIX)) {
    // A day longer than the promise: an export that took long is kept from its end on.
    if (uploaded.getTime() > nowMs - (keptDays + 1) * DAY_MS) continue
    await bucket.delete(key)
    removed++
  }
  return { removed }
}

async function* objectsUnder(bucket: R2Bucket, prefix: string): AsyncGenerator<R2Object> {
  let cursor: string | undefined
  do {
    const page = await bucket.list({ prefix, cursor, include: ['customMetadata'] })
    yield* page.objects
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
}
