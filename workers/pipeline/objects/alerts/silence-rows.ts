import type { SilenceCreate } from '../../../contract/alert.ts'

/** A silence as it is kept. */
export interface StoredSilence {
  id: string
  input: SilenceCreate
  starts_ms: number
  /** Of one that repeats, when its first window ends. */
  ends_ms: number
  /** When somebody ended it for good. */
  ended_ms: number | null
  time_zone: string
  created_by: string
  created_ms: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  input: string
  starts_ms: number
  ends_ms: number
  ended_ms: number | null
  time_zone: string
  created_by: string
  created_ms: number
}

/** How long one that is over is still shown. */
const KEPT_MS = 30 * 86_400_000
const PRUNE_MAX = 100

/** The silences and maintenance windows of one organization. */
export class SilenceRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS silence (id TEXT PRIMARY KEY, input TEXT NOT NULL, starts_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL,
        ended_ms INTEGER, time_zone TEXT NOT NULL, created_by TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;`)
  }

  /** Newest first. */
  all(): StoredSilence[] {
    return this.sql.exec<Row>('SELECT * FROM silence ORDER BY created_ms DESC, id DESC').toArray().map(fromRow)
  }

  find(id: string): StoredSilence | null {
    const row = this.sql.exec<Row>('SELECT * FROM silence WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  put(s: StoredSilence): void {
    this.sql.exec(
      `INSERT OR REPLACE INTO silence (id, input, starts_ms, ends_ms, ended_ms, time_zone, created_by, created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[s.id, JSON.stringify(s.input), s.starts_ms, s.ends_ms, s.ended_ms, s.time_zone, s.created_by, s.created_ms],
    )
  }

  /** Removes some that were over long ago. */
  prune(nowMs: number): void {
    this.sql.exec(
      `DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE coalesce(ended_ms, CASE WHEN input ->> '$.repeat' = 'none' THEN ends_ms END) < ? LIMIT ?)`,
      nowMs - KEPT_MS,
      PRUNE_MAX,
    )
  }
}

function fromRow(row: Row): StoredSilence {
  return { ...row, input: JSON.parse(row.input) as SilenceCreate }
}
