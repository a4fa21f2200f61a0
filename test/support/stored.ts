import { runInDurableObject } from 'cloudflare:test'
import { gunzipSync } from 'node:zlib'
import { parquetReadObjects } from 'hyparquet'
import { cellFor } from '../../workers/adapters/cells.ts'
import type { Cell, ProjectTenant } from '../../workers/contract/tenant.ts'
import { splitEnvelope, splitSegment } from '../../workers/domain/envelope.ts'
import { real } from './moving.ts'

/** One row, object or record, unpacked to text, and where it lies. */
export interface Stored {
  where: string
  text: string
}

/** Everything that a cell's tables and bucket, the control database and KV hold, unpacked: bodies, journal, archive. */
export async function storedIn(cell: Cell): Promise<Stored[]> {
  const stores = cellFor(real, cell)
  const found: Stored[] = []
  for (let shard = 0; shard < stores.shards; shard++) found.push(...(await rowsOf(stores.shard(shard))))
  found.push(...(await rowsOf(real.CONTROL)))
  for (const { name } of (await real.KEYS.list()).keys)
    found.push({ where: `KV ${name}`, text: (await real.KEYS.get(name)) ?? '' })
  let cursor: string | undefined
  do {
    const page = await stores.bucket.list({ cursor, include: ['customMetadata'] })
    for (const { key, customMetadata } of page.objects) {
      const object = await stores.bucket.get(key)
      if (object === null) continue
      found.push({ where: key, text: `${JSON.stringify(customMetadata)} ${await textOf(await object.arrayBuffer())}` })
    }
    cursor = page.truncated ? page.cursor : undefined
  } while (cursor !== undefined)
  return found
}

/** What the tenant's own objects hold. */
export async function storedInObjects(tenant: ProjectTenant): Promise<Stored[]> {
  const stores = cellFor(real, tenant.cell)
  const stubs = [
    stores.object(real.TENANT_BUDGET, tenant.org_id),
    stores.object(real.TENANT_AUDIT, tenant.org_id),
    stores.object(real.ORG_ALERTS, tenant.org_id),
    stores.object(real.ORG_JOBS, tenant.org_id),
    stores.object(real.LIVE_FEED, tenant.project_id),
  ]
  const dumps = await Promise.all(
    stubs.map((stub) =>
      runInDurableObject(stub as DurableObjectStub, async (instance, { storage }) => {
        const tables = storage.sql
          .exec<{ name: string }>(
            `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
          )
          .toArray()
        const rows = tables.flatMap(({ name }) => storage.sql.exec(`SELECT * FROM "${name}"`).toArray())
        return { name: instance.constructor.name, rows, records: [...(await storage.list())] }
      }),
    ),
  )
  return dumps.map(({ name, ...held }) => ({ where: `${name} ${tenant.org_id}`, text: JSON.stringify(held) }))
}

async function rowsOf(db: D1Database): Promise<Stored[]> {
  const tables = await db
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`)
    .all<{ name: string }>()
  const found: Stored[] = []
  for (const { name } of tables.results)
    for (const row of (await db.prepare(`SELECT * FROM "${name}"`).all()).results) {
      const { body, ...rest } = row
      const packed = Array.isArray(body) ? await textOf(Uint8Array.from(body as number[]).buffer) : ''
      found.push({ where: `table ${name}`, text: `${JSON.stringify(rest)} ${packed}` })
    }
  return found
}

async function textOf(file: ArrayBuffer): Promise<string> {
  const bytes = new Uint8Array(file)
  const magic = new TextDecoder().decode(bytes.subarray(0, 4))
  if (magic === 'PAR1') {
    const compressors = { GZIP: (packed: Uint8Array) => new Uint8Array(gunzipSync(packed)) }
    const rows = await parquetReadObjects({ file, compressors })
    return JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return gunzipSync(bytes).toString()
  if (magic === 'AOS1' || magic === '1SOA')
    return (splitSegment(bytes) ?? []).map((envelope) => envelopeText(envelope)).join('\n')
  return splitEnvelope(bytes) === null ? new TextDecoder().decode(bytes) : envelopeText(bytes)
}

function envelopeText(bytes: Uint8Array): string {
  const split = splitEnvelope(bytes)
  if (split === null) return ''
  return `${JSON.stringify(split.header)} ${split.body.length > 0 ? gunzipSync(split.body).toString() : ''}`
}
