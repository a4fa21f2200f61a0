import type { SloCreate, SloStatus } from '../../../contract/slo.ts'

/** An objective as it is kept. */
export interface StoredSlo {
  id: string
  rule_id: string | null
  config: SloCreate
  created_ms: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  rule_id: string | null
  config: string
  created_ms: number
}

/** Objectives whose status lies in one row: each row written costs. */
const STATUSES_PER_ROW = 20

/** The objectives of one organization, and how each stood when it was last judged. */
export class SloRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS slo (id TEXT PRIMARY KEY, rule_id TEXT, config TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS slo_status (chunk INTEGER PRIMARY KEY, body TEXT NOT NULL);`)
  }

  all(): StoredSlo[] {
    return this.sql.exec<Row>('SELECT * FROM slo ORDER BY created_ms, id').toArray().map(fromRow)
  }

  find(id: string): StoredSlo | null {
    const row = this.sql.exec<Row>('SELECT * FROM slo WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  count(): number {
    return this.sql.exec<{ n: number }>('SELECT count(*) AS n FROM slo').one().n
  }

  put({ id, rule_id, config, created_ms }: StoredSlo): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO slo (id, rule_id, config, created_ms) VALUES (?, ?, ?, ?)',
      ...[id, rule_id, JSON.stringify(config), created_ms],
    )
  }

  remove(id: string): void {
    this.sql.exec('DELETE FROM slo WHERE id = ?', id)
  }

  statuses(): Map<string, SloStatus> {
    const rows = this.sql.exec<{ body: string }>('SELECT body FROM slo_status ORDER BY chunk').toArray()
    return new Map(rows.flatMap(({ body }) => JSON.parse(body) as [string, SloStatus][]))
  }

  saveStatuses(statuses: ReadonlyMap<string, SloStatus>): void {
    const all = [...statuses]
    let chunk = 0
    for (; chunk * STATUSES_PER_ROW < all.length; chunk++) {
      const body = JSON.stringify(all.slice(chunk * STATUSES_PER_ROW, (chunk + 1) * STATUSES_PER_ROW))
      this.sql.exec('INSERT OR REPLACE INTO slo_status (chunk, body) VALUES (?, ?)', chunk, body)
    }
    this.sql.exec('DELETE FROM slo_status WHERE chunk >= ?', chunk)
  }
}

function fromRow(row: Row): StoredSlo {
  return { ...row, config: JSON.parse(row.config) as SloCreate }
}
