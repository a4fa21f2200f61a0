import type { KnownRun, RunFacts, RunMark } from '../../contract/wire.ts'
import type { Eraser } from '../../domain/erase.ts'
import { keyOf, RunBook, type Run } from '../../domain/wire/book.ts'

/** What is not told to an end after this long is kept on disk. */
const KEEP_AFTER_MS = 2_000
/** Nothing more is expected of a run of which nothing came for so long. */
const FORGET_AFTER_MS = 24 * 3_600_000
const FORGET_EVERY_MS = 3_600_000

/**
 * Runs that clients tell of in several messages. Most begin and end within one or two requests and are never written
 * down: rows written are the bill. Those that stay open are kept, and follow what becomes of them.
 */
export class OpenRuns {
  private readonly sql: SqlStorage
  private readonly book: RunBook
  private readonly onDisk = new Set<string>()
  private readonly changed = new Set<string>()
  private forgotAt = 0

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`CREATE TABLE IF NOT EXISTS run (key TEXT PRIMARY KEY, run TEXT NOT NULL, seen_ms INTEGER NOT NULL)
      WITHOUT ROWID`)
    this.book = new RunBook((key) => this.load(key))
  }

  join(client: string, facts: readonly RunFacts[], nowMs: number): KnownRun[] {
    const known = this.book.join(client, facts, nowMs)
    for (const { id, parent } of facts) {
      this.changed.add(keyOf(client, id))
      if (parent !== undefined) this.changed.add(keyOf(client, parent))
    }
    return known
  }

  tell(client: string, marks: readonly [id: string, marks: RunMark[]][]): void {
    this.book.tell(client, marks)
    for (const [id] of marks) this.changed.add(keyOf(client, id))
  }

  /** Keeps what changed and is still open, or is kept already; false when nothing is left that may have to be kept. */
  keep(nowMs: number): boolean {
    let isLeft = false
    for (const key of this.changed) {
      const run = this.book.runs.get(key)
      if (run && (run.facts.end_ms === undefined || this.onDisk.has(key))) {
        if (nowMs - run.seen_ms < KEEP_AFTER_MS) {
          isLeft = true
          continue
        }
        this.sql.exec('INSERT OR REPLACE INTO run VALUES (?, ?, ?)', key, JSON.stringify(run), run.seen_ms)
        this.onDisk.add(key)
      }
      this.changed.delete(key)
    }
    this.forget(nowMs)
    return isLeft
  }

  /** Takes a person out of what is known. */
  erase(eraser: Eraser): { scanned: number; changed: number } {
    let changed = 0
    for (const run of this.book.runs.values()) run.facts = eraser.value(run.facts) as RunFacts
    const rows = this.sql.exec<{ key: string; run: string }>('SELECT key, run FROM run').toArray()
    for (const { key, run } of rows) {
      const next = eraser.text(run)
      if (next === run) continue
      this.sql.exec('UPDATE run SET run = ? WHERE key = ?', next, key)
      changed++
    }
    return { scanned: rows.length, changed }
  }

  private load(key: string): Run | undefined {
    const row = this.sql.exec<{ run: string }>('SELECT run FROM run WHERE key = ?', key).toArray()[0]
    if (row === undefined) return undefined
    this.onDisk.add(key)
    return JSON.parse(row.run) as Run
  }

  private forget(nowMs: number): void {
    if (nowMs - this.forgotAt < FORGET_EVERY_MS) return
    this.forgotAt = nowMs
    this.sql.exec('DELETE FROM run WHERE seen_ms < ?', nowMs - FORGET_AFTER_MS)
    for (const [key, run] of this.book.runs) {
      if (run.seen_ms >= nowMs - FORGET_AFTER_MS) continue
      this.book.runs.delete(key)
      this.onDisk.delete(key)
    }
  }
}
