import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const MEASURES = [
  'n',
  'errors',
  'successes',
  'cost_nanousd',
  'paid',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'latency_sum_ms',
  'latency_n',
]

/**
 * Makes a project's stored month `times` as busy, straight in the local D1 file while no server runs: every trace,
 * ledger entry and batch gets copies with ids of their own at the same times, and every rollup row its sums times
 * `times` (copies fall into the same groups, so their number stays). Sending as much would take half an hour.
 */
export function multiply(dataDir: string, projectId: string, times: number): void {
  const db = new DatabaseSync(fileOf(dataDir, projectId))
  try {
    db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; BEGIN')
    for (let copy = 1; copy < times; copy++) {
      // No id that was sent begins so: theirs are hexadecimal.
      const mark = `x${copy.toString(36)}`
      const other = (column: string) => `'${mark}' || substr(${column}, 3)`
      copyRows(db, projectId, 'batch', { batch_id: other('batch_id') })
      copyRows(db, projectId, 'ledger', { event_key: `event_key || '${mark}'`, trace_id: other('trace_id') })
      copyRows(db, projectId, 'trace', {
        trace_id: other('trace_id'),
        session_id: `iif(session_id = '', '', session_id || '${mark}')`,
        batches: `(SELECT json_group_array(${other('value')}) FROM json_each(batches))`,
      })
    }
    // Merged long ago, as they would be of a month that was not sent in a minute.
    db.prepare('DELETE FROM delta WHERE project_id = ?').run(projectId)
    const sums = MEASURES.map((column) => `${column} = ${column} * ${times}`).join(', ')
    const histogram = `(SELECT json_group_object(key, value * ${times}) FROM json_each(latency_hist))`
    db.prepare(`UPDATE rollup SET ${sums}, latency_hist = ${histogram} WHERE project_id = ?`).run(projectId)
    db.exec('COMMIT; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/** Copies the rows that were sent, not the copies of them. */
function copyRows(db: DatabaseSync, projectId: string, table: string, changed: Record<string, string>): void {
  const columns = db
    .prepare(`SELECT name FROM pragma_table_info(?)`)
    .all(table)
    .map((row) => String(row['name']))
  const values = columns.map((column) => changed[column] ?? column)
  db.exec(`CREATE TEMP TABLE IF NOT EXISTS sent_${table} AS SELECT * FROM ${table} WHERE project_id = '${projectId}'`)
  db.exec(`INSERT INTO ${table} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM sent_${table}`)
}

/** The D1 file that holds the project's traces. */
function fileOf(dataDir: string, projectId: string): string {
  const files = readdirSync(join(dataDir, 'd1'), { recursive: true, withFileTypes: true })
  for (const entry of files.filter((file) => file.name.endsWith('.sqlite'))) {
    const path = join(entry.parentPath, entry.name)
    const db = new DatabaseSync(path, { readOnly: true })
    try {
      const has = db.prepare(`SELECT 1 FROM sqlite_master WHERE name = 'trace'`).get()
      if (has && db.prepare('SELECT 1 FROM trace WHERE project_id = ? LIMIT 1').get(projectId)) return path
    } finally {
      db.close()
    }
  }
  throw new Error('no local D1 file holds the project')
}
