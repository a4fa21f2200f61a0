import type { Eraser } from '../../domain/erase.ts'
import { COLUMNS_SQL, isBlob, isInteger, quoted, tablesOf, type ColumnRow } from '../../domain/table-copy.ts'

/** Takes a person out of every text of every table of an object's storage, whatever tables there are. */
export function eraseEverywhere(sql: SqlStorage, eraser: Eraser): { scanned: number; changed: number } {
  const counts = { scanned: 0, changed: 0 }
  const columns = sql.exec<Record<string, SqlStorageValue>>(COLUMNS_SQL).toArray() as unknown as ColumnRow[]
  for (const table of tablesOf(columns)) {
    const texts = table.columns.map(({ name, type }) => (isInteger(type) || isBlob(type) ? null : name))
    const where = table.key.map((name) => `${quoted(name)} = ?`).join(' AND ')
    const rows = sql.exec<Record<string, SqlStorageValue>>(`SELECT * FROM ${quoted(table.name)}`).toArray()
    counts.scanned += rows.length
    for (const row of rows) {
      const changed = texts.flatMap((name) => {
        const text = name === null ? null : row[name]
        const next = typeof text === 'string' ? eraser.text(text) : text
        return name === null || next === text ? [] : [[name, next ?? null] as const]
      })
      if (changed.length === 0) continue
      // What two rows of now nobody had each is of one.
      sql.exec(
        `UPDATE OR REPLACE ${quoted(table.name)} SET ${changed.map(([name]) => `${quoted(name)} = ?`).join(', ')} WHERE ${where}`,
        ...changed.map(([, next]) => next),
        ...table.key.map((name) => row[name] ?? null),
      )
      counts.changed++
    }
  }
  return counts
}
