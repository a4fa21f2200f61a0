import type { IntakeEntry } from '../../contract/live.ts'

const CLOSED_KEPT = 20_000
const STALE_MAX = 500

/**
 * Batches that were accepted and are not applied yet. One row holds what one call brought; it is rewritten as its
 * batches close and removed with the last one.
 */
export class OpenReceipts {
  private readonly sql: SqlStorage
  private readonly open = new Map<string, IntakeEntry & { row: number }>()
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
      this.remember(id, JSON.parse(entries) as IntakeEntry[])
    }
  }

  add(entries: IntakeEntry[], nowMs: number): void {
    const fresh = entries.filter(
      (e) => !this.open.has(e.batch_id) && !this.closed.has(e.batch_id) && e.received_ms <= nowMs + 60_000,
    )
    if (fresh.length === 0) return
    const { id } = this.sql
      .exec<{ id: number }>('INSERT INTO intake (entries) VALUES (?) RETURNING id', JSON.stringify(fresh))
      .one()
    this.remember(id, fresh)
  }

  private remember(row: number, entries: IntakeEntry[]): void {
    for (const entry of entries) this.open.set(entry.batch_id, { ...entry, row })
    this.rows.set(row, new Set(entries.map((entry) => entry.batch_id)))
  }

  close(batchIds: string[]): void {
    const rows = new Set<number>()
    for (const batchId of batchIds) {
      const entry = this.open.get(batchId)
      if (entry) {
        rows.add(entry.row)
        this.rows.get(entry.row)?.delete(batchId)
        this.open.delete(batchId)
      }
      this.closed.add(batchId)
    }
    for (const row of rows) {
      const rest = [...(this.rows.get(row) ?? [])].map((batchId) => this.find(batchId))
      if (rest.length === 0) {
        this.sql.exec('DELETE FROM intake WHERE id = ?', row)
        this.rows.delete(row)
      } else this.sql.exec('UPDATE intake SET entries = ? WHERE id = ?', JSON.stringify(rest), row)
    }
    for (const oldest of this.closed) {
      if (this.closed.size <= CLOSED_KEPT) break
      this.closed.delete(oldest)
    }
  }

  find(batchId: string): IntakeEntry | null {
    const entry = this.open.get(batchId)
    return entry ? { batch_id: entry.batch_id, events: entry.events, received_ms: entry.received_ms } : null
  }

  olderThan(beforeMs: number): IntakeEntry[] {
    return [...this.open.values()]
      .filter((e) => e.received_ms < beforeMs)
      .slice(0, STALE_MAX)
      .map(({ batch_id, events, received_ms }) => ({ batch_id, events, received_ms }))
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
