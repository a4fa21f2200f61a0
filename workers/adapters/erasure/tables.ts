import { ERASED, type Eraser } from '../../domain/erase.ts'
import { isBlob, isInteger, quoted, walk, type TenantTable } from '../../domain/table-copy.ts'
import type { ErasedPage } from '../../services/erasure/port.ts'
import { tenantTablesOf } from '../d1/tenant-tables.ts'
import { ROLLUP_MERGE } from '../d1/rollup-store.ts'
import { eraseBatches } from './batches.ts'

/** Rows that one unit looks at, and of these the rows that it changes. */
const SCANNED = 5000
const CHANGED = 100
/** A row of the delta log holds whole groups of a commit. */
const SCANNED_DELTAS = 200
const CHANGED_DELTAS = 5
/** `job` names the person until the erasure is done; `moving` is empty while one runs. */
const EXCEPT = ['job', 'moving']

interface Hit {
  key: string
  texts: string
}

/** The tables in which a person may be named. */
export const erasableTables = (db: D1Database) => tenantTablesOf(db, EXCEPT)

/** Takes a person out of one page of a table: `value` is the organization or project whose rows they are. */
export async function eraseTable(
  db: D1Database,
  table: TenantTable,
  value: string,
  after: string | null,
  eraser: Eraser,
): Promise<ErasedPage> {
  if (table.name === 'batch') return eraseBatches(db, value, after, eraser)
  const [scanned, changed] = table.name === 'delta' ? [SCANNED_DELTAS, CHANGED_DELTAS] : [SCANNED, CHANGED]
  const { from, key, order } = walk(table, after === null)
  const texts = table.columns.filter(({ type }) => !isInteger(type) && !isBlob(type)).map(({ name }) => name)
  const hit = texts.map(
    (name) => `${quoted(name)} = ?4 OR instr(${quoted(name)}, ?5) > 0 OR instr(${quoted(name)}, ?6) > 0`,
  )
  const object = texts.map((name) => `'${name}', ${quoted(name)}`).join(', ')
  const needles = eraser.needles
  const [ends, hits] = (await db.batch([
    db
      .prepare(
        `WITH page AS MATERIALIZED (SELECT ${table.key.map(quoted).join(', ')} ${from})
         SELECT count(*) AS n, (SELECT ${key} FROM page${order(' DESC')} LIMIT 1) AS end FROM page`,
      )
      .bind(value, after, scanned),
    db
      .prepare(
        `SELECT ${key} AS key, json_object(${object}) AS texts FROM (SELECT * ${from}) WHERE ${hit.join(' OR ')}${order('')} LIMIT ?7`,
      )
      .bind(value, after, scanned, ...needles, changed),
  ])) as [D1Result<{ n: number; end: string | null }>, D1Result<Hit>]
  const statements = hits.results.flatMap((row) => changesOf(db, table, value, row, eraser))
  if (statements.length > 0) await db.batch(statements)
  const { n = 0, end = null } = ends.results[0] ?? {}
  const isCut = hits.results.length === changed
  return {
    store: table.name,
    scanned: isCut ? 0 : n,
    changed: hits.results.length,
    removed: 0,
    next: isCut ? (hits.results.at(-1)?.key ?? null) : n === scanned ? end : null,
  }
}

/** What makes a row one without the person. */
function changesOf(db: D1Database, table: TenantTable, value: string, row: Hit, eraser: Eraser): D1PreparedStatement[] {
  const texts = JSON.parse(row.texts) as Record<string, string | null>
  const next: Record<string, string> = {}
  for (const [name, text] of Object.entries(texts)) {
    if (text === null || name === table.scope) continue
    const without = eraser.text(text, name)
    if (without !== text) next[name] = without
  }
  if (table.name === 'trace' && next['user_id'] === ERASED) next['session_id'] = ''
  if (Object.keys(next).length === 0) return []
  const key = JSON.parse(row.key) as string[]
  return table.name === 'rollup' ? mergeRow(db, table, value, key, next) : [updateRow(db, table, value, key, next)]
}

function updateRow(
  db: D1Database,
  table: TenantTable,
  value: string,
  key: readonly string[],
  next: Record<string, string>,
): D1PreparedStatement {
  const names = Object.keys(next)
  const sets = names.map((name, i) => `${quoted(name)} = ?${key.length + 2 + i}`)
  return db
    .prepare(`UPDATE ${quoted(table.name)} SET ${sets.join(', ')} WHERE ${keyIs(table)}`)
    .bind(value, ...key, ...Object.values(next))
}

/** Sums of the person become sums of everybody who was erased. */
function mergeRow(
  db: D1Database,
  table: TenantTable,
  value: string,
  key: readonly string[],
  next: Record<string, string>,
): D1PreparedStatement[] {
  const names = table.columns.map(({ name }) => name)
  const changed = Object.keys(next)
  const values = names.map((name) => (name in next ? `?${key.length + 2 + changed.indexOf(name)}` : quoted(name)))
  return [
    db
      .prepare(
        `INSERT INTO rollup (${names.map(quoted).join(', ')}) SELECT ${values.join(', ')} FROM rollup WHERE ${keyIs(table)} ${ROLLUP_MERGE}`,
      )
      .bind(value, ...key, ...Object.values(next)),
    db.prepare(`DELETE FROM rollup WHERE ${keyIs(table)}`).bind(value, ...key),
  ]
}

/** The scope's value is `?1`, the rest of the key follows; integers of it come as text. */
function keyIs(table: TenantTable): string {
  const types = new Map(table.columns.map(({ name, type }) => [name, type]))
  return table.key
    .map(
      (name, i) => `${quoted(name)} = ${isInteger(types.get(name) ?? '') ? `CAST(?${i + 1} AS INTEGER)` : `?${i + 1}`}`,
    )
    .join(' AND ')
}
