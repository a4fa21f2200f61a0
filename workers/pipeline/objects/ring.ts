import type { Eraser } from '../../domain/erase.ts'
import type { LiveEvent, LivePublish } from '../../contract/live.ts'

const PUBLISHES_KEPT = 500
const TRIM_EVERY = 100

export interface RingEntry {
  seq: number
  at_ms: number
  events: LiveEvent[]
  omitted: number
}

/** What was published last, one row a publish; the cursor is the row's number. */
export class Ring {
  private readonly sql: SqlStorage
  /** Commits in the ring, and some that have left it. */
  private readonly commits: Set<string>
  private owner: string | null

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS ring (seq INTEGER PRIMARY KEY, commit_id TEXT NOT NULL, at_ms INTEGER NOT NULL,
        events TEXT NOT NULL, omitted INTEGER NOT NULL, batches TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS owner (project_id TEXT NOT NULL);`)
    this.commits = new Set(
      sql
        .exec<{ commit_id: string }>('SELECT commit_id FROM ring')
        .toArray()
        .map((row) => row.commit_id),
    )
    this.owner = sql.exec<{ project_id: string }>('SELECT project_id FROM owner').toArray()[0]?.project_id ?? null
  }

  /** Whether this object serves that project; the first one it is used for is its own. */
  isProject(projectId: string): boolean {
    if (this.owner === null) {
      this.sql.exec('INSERT INTO owner VALUES (?)', projectId)
      this.owner = projectId
    }
    return this.owner === projectId
  }

  /** False when this commit is in the ring already. */
  append(message: LivePublish, nowMs: number): boolean {
    if (this.commits.has(message.commit_id)) return false
    if (!this.isProject(message.tenant.project_id)) throw new Error('published to the feed of another project')
    const { seq } = this.sql
      .exec<{ seq: number }>(
        'INSERT INTO ring (commit_id, at_ms, events, omitted, batches) VALUES (?, ?, ?, ?, ?) RETURNING seq',
        message.commit_id,
        nowMs,
        JSON.stringify(message.events),
        message.omitted,
        JSON.stringify(message.batches.map((b) => b.batch_id)),
      )
      .one()
    this.commits.add(message.commit_id)
    if (seq % TRIM_EVERY === 0) this.trim(seq - PUBLISHES_KEPT)
    return true
  }

  private trim(upTo: number): void {
    this.sql.exec('DELETE FROM ring WHERE seq <= ?', upTo)
    for (const oldest of this.commits) {
      if (this.commits.size <= PUBLISHES_KEPT) break
      this.commits.delete(oldest)
    }
  }

  /** Takes a person out of every row. */
  erase(eraser: Eraser): { scanned: number; changed: number } {
    const rows = this.sql.exec<{ seq: number; events: string }>('SELECT seq, events FROM ring').toArray()
    let changed = 0
    for (const { seq, events } of rows) {
      const next = eraser.text(events)
      if (next === events) continue
      this.sql.exec('UPDATE ring SET events = ? WHERE seq = ?', next, seq)
      changed++
    }
    return { scanned: rows.length, changed }
  }

  after(cursor: number): RingEntry[] {
    return this.sql
      .exec<{ seq: number; at_ms: number; events: string; omitted: number }>(
        'SELECT seq, at_ms, events, omitted FROM ring WHERE seq > ? ORDER BY seq',
        cursor,
      )
      .toArray()
      .map((row) => ({ ...row, events: JSON.parse(row.events) as LiveEvent[] }))
  }

  last(): number {
    return this.sql.exec<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM ring').one().seq
  }

  first(): number {
    return this.sql.exec<{ seq: number }>('SELECT coalesce(min(seq), 0) AS seq FROM ring').one().seq
  }

  recentBatches(): string[] {
    return this.sql
      .exec<{ batches: string }>('SELECT batches FROM ring')
      .toArray()
      .flatMap((row) => JSON.parse(row.batches) as string[])
  }
}
