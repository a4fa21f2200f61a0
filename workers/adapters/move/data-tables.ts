import { gunzipSync } from 'node:zlib'
import type { CanonicalEvent } from '../../contract/event.ts'
import { planCommit, type DecodedBatch, type PlanTools } from '../../domain/commit-plan.ts'
import { digestSql, pageSql, removeSql, rowsByKeySql, writeSql, type TenantTable } from '../../domain/table-copy.ts'
import type { Home, MovedTable, MoveJob, MoveTables } from '../../services/move/port.ts'
import { tenantTablesOf } from '../d1/tenant-tables.ts'
import { sha256Hex } from '../hash.ts'

const PAGE_ROWS = 1000
const PAGE_CHARS = 3_000_000
const DIGEST_ROWS = 20_000
const REMOVED_ROWS = 2000
/** A bound parameter has 2 MB at most; a character may take three bytes. */
const PARAMETER_CHARS = 600_000
/** More than the projects of one commit (pipeline/queues/ingest.ts), so that each page ends after a commit. */
const DELTAS = 200
const BATCHES = 100

const FOLLOWS: Record<string, MovedTable['follows']> = {
  batch: 'log',
  delta: 'log',
  ledger: 'log',
  trace: 'log',
  rollup: 'held',
}
/** The move's own bookkeeping. */
const EXCEPT = ['moving']
const OPEN = 'UPDATE moving SET open = ?2 WHERE org_id = ?1'

type Shapes = (at: Home) => Promise<TenantTable[]>

/** The tables of two data shards. Which there are is read from the schema, so that none is forgotten. */
export function moveTables(shardOf: (home: Home) => D1Database, tools: PlanTools): MoveTables {
  const known = new Map<string, TenantTable[]>()
  const shapes: Shapes = async (at) => {
    const place = `${at.cell} ${at.shard}`
    const shape = known.get(place) ?? (await readShapes(shardOf(at)))
    known.set(place, shape)
    return shape
  }
  return { ...markers(shardOf), ...copies(shardOf, shapes, tools), ...checks(shardOf, shapes) }
}

async function readShapes(db: D1Database): Promise<TenantTable[]> {
  return tenantTablesOf(db, EXCEPT)
}

async function shapeOf(shapes: Shapes, at: Home, name: string): Promise<TenantTable> {
  const shape = (await shapes(at)).find((table) => table.name === name)
  if (shape === undefined) throw new Error(`cell ${at.cell} has no table ${name}`)
  return shape
}

function markers(
  shardOf: (home: Home) => D1Database,
): Pick<MoveTables, 'hold' | 'release' | 'depart' | 'arrive' | 'lastSeq'> {
  return {
    async hold(at, job, held) {
      await shardOf(at)
        .prepare(
          `INSERT INTO moving (org_id, move_id, commits_held, jobs_held) VALUES (?1, ?2, ?3, ?4)
           ON CONFLICT DO UPDATE SET move_id = ?2, commits_held = ?3, jobs_held = ?4, open = 0`,
        )
        .bind(job.orgId, job.id, Number(held.commits), Number(held.jobs))
        .run()
    },
    async release(at, orgId) {
      await shardOf(at).prepare('DELETE FROM moving WHERE org_id = ?1').bind(orgId).run()
    },
    async depart(at, orgId, to, nowMs) {
      await shardOf(at)
        .prepare('INSERT OR REPLACE INTO departed (org_hash, cell, shard, departed_ms) VALUES (?1, ?2, ?3, ?4)')
        .bind(sha256Hex(orgId), to.cell, to.shard, nowMs)
        .run()
    },
    async arrive(at, orgId) {
      await shardOf(at).prepare('DELETE FROM departed WHERE org_hash = ?1').bind(sha256Hex(orgId)).run()
    },
    async lastSeq(at, orgId) {
      const row = await shardOf(at)
        .prepare('SELECT coalesce(max(seq), 0) AS seq FROM delta WHERE org_id = ?1')
        .bind(orgId)
        .first<{ seq: number }>()
      return row?.seq ?? 0
    },
  }
}

function copies(
  shardOf: (home: Home) => D1Database,
  shapes: Shapes,
  tools: PlanTools,
): Pick<MoveTables, 'list' | 'copyPage' | 'copyCommits'> {
  return {
    async list(at) {
      return (await shapes(at)).map(({ name, scope }) => ({ name, scope, follows: FOLLOWS[name] ?? 'freeze' }))
    },
    async copyPage(job, name, value, after) {
      const shape = await shapeOf(shapes, job.from, name)
      const found = await shardOf(job.from)
        .prepare(pageSql(shape, after === null))
        .bind(value, after, PAGE_ROWS, PAGE_CHARS)
        .all<{ row: string; key: string; total: number }>()
      const rows = found.results
      const last = rows.at(-1)
      // What is added while it is copied would have no end; the log knows of it.
      const isFull = last !== undefined && (last.total === PAGE_ROWS || last.total > rows.length)
      await write(shardOf(job.to), job.orgId, [[shape, rows.map(({ row }) => row)]])
      return { copied: rows.length, next: isFull ? (last?.key ?? null) : null }
    },
    async copyCommits(job, seq) {
      const log = await nextCommits(shardOf(job.from), job.orgId, seq)
      const rows: Record<string, number> = {}
      for (const delta of log) {
        const keys = await keysOf(shardOf(job.from), job, delta, tools)
        const copied: [TenantTable, string[]][] = []
        for (const [name, by, values] of keys) {
          const shape = await shapeOf(shapes, job.from, name)
          const found = await shardOf(job.from)
            .prepare(rowsByKeySql(shape, by))
            .bind(JSON.stringify(values))
            .all<{ row: string }>()
          copied.push([shape, found.results.map(({ row }) => row)])
          rows[name] = (rows[name] ?? 0) + found.results.length
        }
        await write(shardOf(job.to), job.orgId, copied)
      }
      return { seq: log.at(-1)?.seq ?? seq, commits: new Set(log.map((delta) => delta.seq)).size, rows }
    },
  }
}

/** Writes tuples in one transaction, which opens the place for the move alone. */
async function write(db: D1Database, orgId: string, tables: [TenantTable, string[]][]): Promise<void> {
  const statements = tables.flatMap(([shape, rows]) =>
    parameters(rows).map((parameter) => db.prepare(writeSql(shape)).bind(parameter)),
  )
  if (statements.length === 0) return
  await db.batch([db.prepare(OPEN).bind(orgId, 1), ...statements, db.prepare(OPEN).bind(orgId, 0)])
}

function parameters(rows: readonly string[]): string[] {
  const parts: string[][] = []
  let chars = Number.POSITIVE_INFINITY
  for (const row of rows) {
    if (chars + row.length > PARAMETER_CHARS) {
      parts.push([])
      chars = 0
    }
    parts.at(-1)?.push(row)
    chars += row.length + 1
  }
  return parts.map((part) => `[${part.join(',')}]`)
}

interface LogEntry {
  seq: number
  project_id: string
  batches: string[]
}

/** Some of the commits after one, none of them cut in half. */
async function nextCommits(db: D1Database, orgId: string, seq: number): Promise<LogEntry[]> {
  const found = await db
    .prepare(
      'SELECT seq, project_id, batches FROM delta WHERE org_id = ?1 AND seq > ?2 ORDER BY seq, project_id LIMIT ?3',
    )
    .bind(orgId, seq, DELTAS)
    .all<{ seq: number; project_id: string; batches: string }>()
  const entries = found.results.map((row) => ({ ...row, batches: JSON.parse(row.batches) as string[] }))
  const cut = entries.length === DELTAS ? entries.at(-1)?.seq : undefined
  const log: LogEntry[] = []
  let batches = 0
  for (const entry of entries) {
    if (entry.seq === cut || (batches >= BATCHES && entry.seq !== log.at(-1)?.seq)) break
    log.push(entry)
    batches += entry.batches.length
  }
  return log
}

type Keys = [table: string, by: string[], values: unknown[][]]

/** Which rows a commit wrote or changed for one project: the same plan that it was made by says so. */
async function keysOf(
  db: D1Database,
  job: MoveJob,
  { seq, project_id, batches }: LogEntry,
  tools: PlanTools,
): Promise<Keys[]> {
  const found = await db
    .prepare(
      `SELECT b.batch_id, b.received_ms, hex(b.body) AS body FROM json_each(?2) j CROSS JOIN batch b
       ON b.project_id = ?1 AND b.batch_id = j.value WHERE b.body IS NOT NULL`,
    )
    .bind(project_id, JSON.stringify(batches))
    .all<{ batch_id: string; received_ms: number; body: string }>()
  if (found.results.length < batches.length) throw new Error('a batch of a commit that is to be followed has no body')
  const place = { org_id: job.orgId, workspace_id: '-', project_id, ...job.from }
  const decoded = found.results.map(({ batch_id, received_ms, body }): DecodedBatch => {
    const packed: Uint8Array = Buffer.from(body, 'hex') as Uint8Array
    const events = JSON.parse(gunzipSync(packed).toString()) as CanonicalEvent[]
    return { header: { v: 1, batch_id, received_ms, events: events.length, ...place }, events, body: packed }
  })
  const plan = planCommit(decoded, tools)
  return [
    ['batch', ['project_id', 'batch_id'], batches.map((id) => [project_id, id])],
    ['ledger', ['project_id', 'event_key'], plan.ledger.map(([, key]) => [project_id, key])],
    ['trace', ['project_id', 'trace_id'], plan.traces.map((row) => [project_id, row[TRACE_ID]])],
    ['delta', ['org_id', 'seq', 'project_id'], [[job.orgId, seq, project_id]]],
  ]
}

/** Its place in a row of `plan.traces`. */
const TRACE_ID = 2

function checks(
  shardOf: (home: Home) => D1Database,
  shapes: Shapes,
): Pick<MoveTables, 'digestPage' | 'removeSome' | 'count'> {
  return {
    async digestPage(at, name, value, after) {
      const shape = await shapeOf(shapes, at, name)
      const row = await shardOf(at)
        .prepare(digestSql(shape, after === null))
        .bind(value, after, DIGEST_ROWS)
        .first<{ n: number; end: string | null } & Record<string, string>>()
      const rows = row?.n ?? 0
      const sums = Object.fromEntries(shape.columns.map((column) => [column.name, row?.[`s_${column.name}`] ?? '0']))
      return { digest: { rows, sums }, next: rows === DIGEST_ROWS ? (row?.end ?? null) : null }
    },
    async removeSome(at, orgId, name, value) {
      const db = shardOf(at)
      const results = await db.batch([
        db.prepare(OPEN).bind(orgId, 1),
        db.prepare(removeSql(await shapeOf(shapes, at, name))).bind(value, REMOVED_ROWS),
        db.prepare(OPEN).bind(orgId, 0),
      ])
      return results[1]?.meta.changes ?? 0
    },
    async count(at, name, value) {
      const { scope } = await shapeOf(shapes, at, name)
      const row = await shardOf(at)
        .prepare(`SELECT count(*) AS n FROM "${name}" WHERE ${scope} = ?1`)
        .bind(value)
        .first<{ n: number }>()
      return row?.n ?? 0
    },
  }
}
