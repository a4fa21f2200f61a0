import type { Eraser } from '../../domain/erase.ts'

/** Where budgets and reservations name people: agents' users, and accounts that asked or decided. */
const TEXTS: [table: string, columns: string[], key?: string][] = [
  ['budget', ['scope_id', 'config']],
  ['extension', ['reason', 'asked_by', 'decided_by']],
  ['reservation', ['subject', 'trace_id', 'idempotency']],
  ['control', ['scope_id', 'config']],
  ['outgoing', ['events'], 'seq'],
]

/** Takes a person out of the texts of an object's tables. */
export function eraseTexts(sql: SqlStorage, eraser: Eraser): { scanned: number; changed: number } {
  const counts = { scanned: 0, changed: 0 }
  for (const [table, columns, key = 'id'] of TEXTS) {
    const rows = sql
      .exec<Record<string, string | null>>(`SELECT ${key} AS id, ${columns.join(', ')} FROM ${table}`)
      .toArray()
    counts.scanned += rows.length
    for (const { id = null, ...texts } of rows) {
      for (const [column, text] of Object.entries(texts)) {
        const next = text === null ? null : eraser.text(text, column)
        if (next === text) continue
        sql.exec(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`, next, id)
        counts.changed++
      }
    }
  }
  return counts
}
