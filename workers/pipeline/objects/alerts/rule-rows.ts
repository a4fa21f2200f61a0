import type { RuleCreate } from '../../../contract/alert.ts'

/** A rule as it is kept. */
export interface StoredRule {
  id: string
  config: RuleCreate
  created_ms: number
  updated_ms: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  config: string
  created_ms: number
  updated_ms: number
}

/** The rules of one organization. */
export class RuleRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS rule (id TEXT PRIMARY KEY, config TEXT NOT NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL)
        WITHOUT ROWID;`)
  }

  all(): StoredRule[] {
    return this.sql.exec<Row>('SELECT * FROM rule ORDER BY created_ms, id').toArray().map(fromRow)
  }

  find(id: string): StoredRule | null {
    const row = this.sql.exec<Row>('SELECT * FROM rule WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  count(): number {
    return this.sql.exec<{ n: number }>('SELECT count(*) AS n FROM rule').one().n
  }

  put({ id, config, created_ms, updated_ms }: StoredRule): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO rule (id, config, created_ms, updated_ms) VALUES (?, ?, ?, ?)',
      ...[id, JSON.stringify(config), created_ms, updated_ms],
    )
  }

  remove(id: string): void {
    this.sql.exec('DELETE FROM rule WHERE id = ?', id)
  }
}

function fromRow(row: Row): StoredRule {
  return { ...row, config: JSON.parse(row.config) as RuleCreate }
}
