import { eraseEvents, tracesOf, type Eraser } from '../../domain/erase.ts'
import type { ArchivedEvent } from '../../services/recovery/archive.ts'
import { fromParquet, parquetOf } from '../r2/archive.ts'
import { replace } from '../r2/replace.ts'
import { theirTraces } from './batches.ts'

/** Takes a person out of a Parquet file, which is written anew when they are in it. */
export async function eraseParquet(
  { bucket, db }: { bucket: R2Bucket; db: D1Database },
  object: R2ObjectBody,
  eraser: Eraser,
): Promise<{ scanned: number; changed: number; removed: number }> {
  const file = await object.arrayBuffer()
  // `archive/<org>/<project>/…`
  const projectId = object.key.split('/')[2] ?? ''
  const theirs = new Set<string>()
  const counts = { scanned: 0, changed: 0, removed: 0 }
  for await (const events of fromParquet(file)) {
    counts.scanned += events.length
    const own = tracesOf(events, eraser.needles[0])
    const known = await theirTraces(db, projectId, events, eraser.needles[0])
    for (const id of [...own, ...known]) theirs.add(id)
  }
  for await (const events of fromParquet(file)) counts.changed += eraseEvents(eraser, events, theirs).changed
  if (counts.changed > 0) await replace(bucket, object, await parquetOf(erased(fromParquet(file), eraser, theirs)))
  return counts
}

async function* erased(groups: AsyncIterable<ArchivedEvent[]>, eraser: Eraser, theirs: ReadonlySet<string>) {
  for await (const events of groups) yield eraseEvents(eraser, events, theirs).events
}
