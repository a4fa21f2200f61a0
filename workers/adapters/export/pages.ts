import { gunzipSync } from 'node:zlib'
import { BatchHeader } from '../../contract/batch.ts'
import type { CanonicalEvent } from '../../contract/event.ts'
import { splitEnvelope } from '../../domain/envelope.ts'
import { usd } from '../../domain/money.ts'
import { isBlob, isInteger, pageSql, type TenantTable } from '../../domain/table-copy.ts'
import type { ExportPage } from '../../services/export/work.ts'

const PAGE_ROWS = 5000
const PAGE_CHARS = 3_000_000
const LISTED = 200
const PACKED_BYTES = 1_000_000
const LETTERS = 20

/** One page of a table, each row an object by column; what is packed is left out. */
export async function tablePage(
  db: D1Database,
  table: TenantTable,
  value: string,
  after: string | null,
): Promise<ExportPage> {
  const found = await db
    .prepare(pageSql(table, after === null))
    .bind(value, after, PAGE_ROWS, PAGE_CHARS)
    .all<{ row: string; key: string; total: number }>()
  const last = found.results.at(-1)
  const isFull = last !== undefined && (last.total === PAGE_ROWS || last.total > found.results.length)
  return {
    rows: found.results.map(({ row }) => rowOf(table, JSON.parse(row) as (string | number | null)[])),
    next: isFull ? last.key : null,
  }
}

function rowOf({ columns }: TenantTable, tuple: readonly (string | number | null)[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  columns.forEach(({ name, type }, i) => {
    const value = tuple[i] ?? null
    if (isBlob(type)) return
    if (name.endsWith('_nanousd') && value !== null) row[name.replace(/_nanousd$/, '_usd')] = usd(String(value))
    row[name] = isInteger(type) && value !== null ? numberOf(String(value)) : value
  })
  return row
}

/** An integer that a double holds is a number; others stay text. */
function numberOf(text: string): number | string {
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : text
}

/** Events of some batches of a project, with what was paid for each. */
export async function eventsPage(db: D1Database, projectId: string, after: string | null): Promise<ExportPage> {
  const listed = await db
    .prepare(
      'SELECT batch_id, length(body) AS bytes FROM batch WHERE project_id = ?1 AND batch_id > ?2 ORDER BY batch_id LIMIT ?3',
    )
    .bind(projectId, after ?? '', LISTED)
    .all<{ batch_id: string; bytes: number | null }>()
  let bytes = 0
  const page = listed.results.filter((row, i) => {
    bytes += row.bytes ?? 0
    return i === 0 || bytes <= PACKED_BYTES
  })
  const found = await db
    .prepare(
      `SELECT b.batch_id, b.costs, hex(b.body) AS body FROM json_each(?2) j CROSS JOIN batch b
       ON b.project_id = ?1 AND b.batch_id = j.value WHERE b.body IS NOT NULL`,
    )
    .bind(projectId, JSON.stringify(page.map(({ batch_id }) => batch_id)))
    .all<{ batch_id: string; costs: string; body: string }>()
  const isLast = page.length === listed.results.length && page.length < LISTED
  return {
    rows: found.results.flatMap(({ batch_id, costs, body }) => {
      const paid = JSON.parse(costs) as Record<string, [number, string]>
      return eventsOf(Buffer.from(body, 'hex')).map((event, i) => ({
        ...event,
        batch_id,
        ...(paid[i] && { cost_usd: usd(paid[i][0]), cost_source: paid[i][1] }),
      }))
    }),
    next: isLast ? null : (page.at(-1)?.batch_id ?? null),
  }
}

/** Batches that could not be applied, and why. */
export async function deadLettersPage(bucket: R2Bucket, orgId: string, after: string | null): Promise<ExportPage> {
  const startAfter = after ?? undefined
  const page = await bucket.list({ prefix: `dead/${orgId}/`, limit: LETTERS, startAfter, include: ['customMetadata'] })
  const rows: Record<string, unknown>[] = []
  for (const { key, customMetadata } of page.objects) {
    const object = await bucket.get(key)
    const split = object && splitEnvelope(await object.bytes())
    const header = BatchHeader.safeParse(split?.header)
    const [, , project_id, batch_id] = key.split('/')
    const about = { project_id, batch_id, reason: customMetadata?.['reason'] ?? '' }
    rows.push({ ...about, events: split && header.success ? readable(split.body) : null })
  }
  return { rows, next: page.truncated ? (page.objects.at(-1)?.key ?? null) : null }
}

function readable(body: Uint8Array): unknown {
  try {
    return eventsOf(body)
  } catch {
    return null
  }
}

function eventsOf(body: Uint8Array): Record<string, unknown>[] {
  const events = JSON.parse(gunzipSync(body).toString()) as CanonicalEvent[]
  return events.map(({ cost_nanousd: _, ...event }) => ({
    ...event,
    timestamp: new Date(event.timestamp).toISOString(),
  }))
}
