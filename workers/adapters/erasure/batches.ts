import { gunzipSync, gzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../contract/event.ts'
import { eraseEvents, ERASED, type Eraser } from '../../domain/erase.ts'
import type { ErasedPage } from '../../services/erasure/port.ts'

/** Bodies that one unit unpacks: this many at most, and of this size together. */
const LISTED = 200
const PACKED_BYTES = 1_500_000
const TRACES_PER_QUERY = 2000

interface Listed {
  batch_id: string
  bytes: number | null
}

/** Takes a person out of the packed events of some batches of one project. */
export async function eraseBatches(
  db: D1Database,
  projectId: string,
  after: string | null,
  eraser: Eraser,
): Promise<ErasedPage> {
  const listed = await db
    .prepare(
      'SELECT batch_id, length(body) AS bytes FROM batch WHERE project_id = ?1 AND batch_id > ?2 ORDER BY batch_id LIMIT ?3',
    )
    .bind(projectId, after ?? '', LISTED)
    .all<Listed>()
  const page = fitting(listed.results)
  const found = await db
    .prepare(
      `SELECT b.batch_id, hex(b.body) AS body FROM json_each(?2) j CROSS JOIN batch b
       ON b.project_id = ?1 AND b.batch_id = j.value WHERE b.body IS NOT NULL`,
    )
    .bind(projectId, JSON.stringify(page.map(({ batch_id }) => batch_id)))
    .all<{ batch_id: string; body: string }>()
  const batches = found.results.map(({ batch_id, body }) => ({ batch_id, events: unpacked(Buffer.from(body, 'hex')) }))
  const theirs = await theirTraces(
    db,
    projectId,
    batches.flatMap(({ events }) => events),
    eraser.needles[0],
  )
  const result = { store: 'batch', scanned: 0, changed: 0, removed: 0 }
  const statements: D1PreparedStatement[] = []
  for (const { batch_id, events } of batches) {
    const next = eraseEvents(eraser, events, theirs)
    result.scanned += events.length
    result.changed += next.changed
    if (next.changed > 0)
      statements.push(
        db
          // Retention may have removed it meanwhile.
          .prepare('UPDATE batch SET body = ?3 WHERE project_id = ?1 AND batch_id = ?2 AND body IS NOT NULL')
          .bind(projectId, batch_id, gzipSync(JSON.stringify(next.events))),
      )
  }
  if (statements.length > 0) await db.batch(statements)
  const isLast = page.length === listed.results.length && page.length < LISTED
  return { ...result, next: isLast ? null : (page.at(-1)?.batch_id ?? null) }
}

/** Of the traces of these events those that are the person's, or were before they were erased. */
export async function theirTraces(
  db: D1Database,
  projectId: string,
  events: readonly CanonicalEvent[],
  subject: string,
): Promise<Set<string>> {
  const ids = [...new Set(events.map(({ trace_id }) => trace_id))]
  const theirs = new Set<string>()
  for (let i = 0; i < ids.length; i += TRACES_PER_QUERY) {
    const found = await db
      .prepare(
        `SELECT t.trace_id FROM json_each(?2) j CROSS JOIN trace t ON t.project_id = ?1 AND t.trace_id = j.value
         WHERE t.user_id IN (?3, ?4)`,
      )
      .bind(projectId, JSON.stringify(ids.slice(i, i + TRACES_PER_QUERY)), subject, ERASED)
      .all<{ trace_id: string }>()
    for (const { trace_id } of found.results) theirs.add(trace_id)
  }
  return theirs
}

export function unpacked(body: Uint8Array): CanonicalEvent[] {
  return JSON.parse(gunzipSync(body).toString()) as CanonicalEvent[]
}

function fitting(listed: readonly Listed[]): Listed[] {
  let bytes = 0
  const page: Listed[] = []
  for (const row of listed) {
    bytes += row.bytes ?? 0
    if (page.length > 0 && bytes > PACKED_BYTES) break
    page.push(row)
  }
  return page
}
