import type { IntakeEntry } from '../../contract/live.ts'

const CLOSED_KEPT = 20_000
const STALE_MAX = 500

/** Still open after this long, a batch is kept on disk. */
export const KEEP_AFTER_MS = 2_000

interface Open extends IntakeEntry {
  since_ms: number
  /** Where it is kept; null while it is in memory only. */
  row: number | null
}

/**
 * Batches that were accepted and are not applied yet. Nearly all are applied within a second or two and never written
 * down: rows written are the bill. The others are kept, those of one moment in one row, which is rewritten as its
 * batches close and removed with the last one.
 */
export class OpenReceipts {
  private readonly sql: SqlStorage
  private readonly open = new Map<string, Open>()
  private readonly rows = new Map<number, Set<string>>()
  /** A batch may be applied before its acceptance is told. */
  private readonly closed: Set<string>

  constructor(sql: SqlStorage, closed: string[]) {
    this.sql = sql
    this.closed = new Set(closed)
    sql.exec('CREATE TABLE IF NOT EXISTS intake (id INTEGER PRIMARY KEY, entries TEXT NOT NULL)')
    for (const { id, entries } of sql
      .exec<{ id: number; entries: string }>('SELECT id, entries FROM intake')
      .toArray()) {
      const kept = JSON.parse(entries) as IntakeEntry[]
      for (const entry of kept) this.open.set(entry.batch_id, { ...entry, since_ms: entry.received_ms, row: id })
      this.rows.set(id, new Set(kept.map((entry) => entry.batch_id)))
    }
  }

  add(entries: IntakeEntry[], nowMs: number): void {
    for (const entry of entries) {
      if (this.open.has(entry.batch_id) || this.closed.has(entry.batch_id)) continue
      if (entry.received_ms <= nowMs + 60_000) this.open.set(entry.batch_id, { ...entry, since_ms: nowMs, row: null })
    }
  }

  /** Keeps what has been open for a while; false when nothing is left that may have to be kept later. */
  keep(nowMs: number): boolean {
    const inMemory = [...this.open.values()].filter((entry) => entry.row === null)
    const due = inMemory.filter((entry) => nowMs - entry.since_ms >= KEEP_AFTER_MS)
    if (due.length > 0) {
      const { id } = this.sql
        .exec<{ id: number }>('INSERT INTO intake (entries) VALUES (?) RETURNING id', JSON.stringify(due.map(entryOf)))
        .one()
      for (const entry of due) entry.row = id
      this.rows.set(id, new Set(due.map((entry) => entry.batch_id)))
    }
    return due.length < inMemory.length
  }

  close(batchIds: string[]): void {
    const rows = new Set<number>()
    for (const batchId of batchIds) {
      const row = this.open.get(batchId)?.row ?? null
      if (row !== null) {
        rows.add(row)
        this.rows.get(row)?.delete(batchId)
      }
      this.open.delete(batchId)
      this.closed.add(batchId)
    }
    for (const row of rows) this.rewrite(row)
    for (const oldest of this.closed) {
      if (this.closed.size <= CLOSED_KEPT) break
      this.closed.delete(oldest)
    }
  }

  private rewrite(row: number): void {
    const rest = [...(this.rows.get(row) ?? [])].map((batchId) => this.find(batchId))
    if (rest.length > 0)
      return void this.sql.exec('UPDATE intake SET entries = ? WHERE id = ?', JSON.stringify(rest), row)
    this.sql.exec('DELETE FROM intake WHERE id = ?', row)
    this.rows.delete(row)
  }

  find(batchId: string): IntakeEntry | null {
    const entry = this.open.get(batchId)
    return entry ? entryOf(entry) : null
  }

  olderThan(beforeMs: number): IntakeEntry[] {
    return [...this.open.values()]
      .filter((e) => e.received_ms < beforeMs)
      .slice(0, STALE_MAX)
      .map(entryOf)
  }

  watermark(nowMs: number) {
    let oldest: number | null = null
    let events = 0
    for (const entry of this.open.values()) {
      oldest = oldest === null ? entry.received_ms : Math.min(oldest, entry.received_ms)
      events += entry.events
    }
    return {
      complete_until_ms: oldest === null ? nowMs : oldest - 1,
      events_behind: events,
      batches_behind: this.open.size,
      oldest_received_ms: oldest,
    }
  }
}

function entryOf({ batch_id, events, received_ms }: IntakeEntry): IntakeEntry {
  return { batch_id, events, received_ms }
}
