import type { CanonicalEvent } from '../../../contract/event.ts'

/** Where an event belongs in the organization. */
export interface Project {
  workspace_id: string
  project_id: string
}

/** An event that this object has to send, exactly once whatever happens; its `event_id` is its own for ever. */
export interface Outgoing {
  project: Project
  event: CanonicalEvent & { event_id: string }
  /** False: it may wait a moment for others, to go with them. */
  isUrgent: boolean
}

/** Events of one project that go together; sent twice it is the same batch. */
export interface OutgoingBatch {
  /** The first event's, which no other batch begins with. */
  id: string
  project: Project
  events: CanonicalEvent[]
}

interface Row extends Record<string, SqlStorageValue> {
  seq: number
  workspace_id: string
  events: string
}

const EVENTS_MAX = 500
const ROWS_MAX = 500
const WAIT_MS = 1000
const AGAIN_MS = 2000

/**
 * Events on their way to the queue. What a turn decides is one row for each project, kept in that turn. Before rows are
 * sent it is noted which of them are one batch, so that what is sent again, after whatever happened, is the same batch.
 */
export class Outbox {
  private readonly storage: DurableObjectStorage
  private readonly sql: SqlStorage
  private sending = false
  private pending: Outgoing[] = []
  private dueMs: number | null = null
  private waiting = 0

  constructor(storage: DurableObjectStorage) {
    this.storage = storage
    this.sql = storage.sql
    this.sql.exec(`
      CREATE TABLE IF NOT EXISTS outgoing (seq INTEGER PRIMARY KEY, project_id TEXT NOT NULL, workspace_id TEXT NOT NULL, events TEXT NOT NULL);
      CREATE TABLE IF NOT EXISTS outgoing_batch (project_id TEXT PRIMARY KEY, seq_max INTEGER NOT NULL) WITHOUT ROWID;`)
    this.takeOver()
  }

  /** Until the turn ends with `keep`. */
  put(outgoing: Outgoing): void {
    this.pending.push(outgoing)
  }

  /** Writes what was put in this turn. */
  keep(nowMs: number): void {
    if (this.pending.length === 0) return
    const projects = new Map<string, Outgoing[]>()
    for (const one of this.pending) {
      const own = projects.get(one.project.project_id)
      if (own) own.push(one)
      else projects.set(one.project.project_id, [one])
    }
    for (const [projectId, own] of projects) {
      this.sql.exec(
        'INSERT INTO outgoing (project_id, workspace_id, events) VALUES (?, ?, ?)',
        projectId,
        own[0]?.project.workspace_id ?? '',
        JSON.stringify(own.map(({ event }) => event)),
      )
    }
    this.waiting += this.pending.length
    const isNow = this.waiting >= EVENTS_MAX || this.pending.some(({ isUrgent }) => isUrgent)
    this.dueMs = Math.min(this.dueMs ?? Infinity, isNow ? nowMs : nowMs + WAIT_MS)
    this.pending = []
  }

  /** After a turn that failed, or when the tables were changed by somebody else. */
  load(nowMs: number): void {
    this.pending = []
    this.waiting = 0
    this.dueMs = this.isEmpty() ? null : nowMs
  }

  /** When to send; null when there is nothing. */
  nextDue(): number | null {
    return this.dueMs
  }

  /** Sends all there is; what fails stays for the next time. */
  async flush(send: (batch: OutgoingBatch) => Promise<void>): Promise<void> {
    if (this.sending) return
    this.sending = true
    try {
      for (;;) {
        const next = this.storage.transactionSync(() => this.next())
        if (next === null) break
        await send(next.batch)
        this.storage.transactionSync(() => this.done(next.batch.project.project_id, next.seqMax))
      }
      this.waiting = 0
      this.dueMs = null
    } catch (error) {
      this.dueMs = Date.now() + AGAIN_MS
      throw error
    } finally {
      this.sending = false
    }
  }

  /** What an earlier version left unsent, one event a row. */
  private takeOver(): void {
    if (this.sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'outbox'`).toArray().length === 0) return
    this.storage.transactionSync(() => {
      this.sql.exec(`INSERT INTO outgoing (project_id, workspace_id, events)
        SELECT tenant ->> 'project_id', tenant ->> 'workspace_id', json_array(json(event)) FROM outbox ORDER BY id`)
      this.sql.exec('DROP TABLE outbox')
    })
  }

  private isEmpty(): boolean {
    return this.sql.exec('SELECT 1 FROM outgoing LIMIT 1').toArray().length === 0
  }

  /** The batch that was begun, or else the next one, which is begun with that. */
  private next(): { batch: OutgoingBatch; seqMax: number } | null {
    const first = this.sql
      .exec<{ project_id: string }>('SELECT project_id FROM outgoing ORDER BY seq LIMIT 1')
      .toArray()[0]
    if (first === undefined) return null
    const begun = this.sql
      .exec<{ seq_max: number }>('SELECT seq_max FROM outgoing_batch WHERE project_id = ?', first.project_id)
      .toArray()[0]
    const rows = this.sql
      .exec<Row>(
        'SELECT seq, workspace_id, events FROM outgoing WHERE project_id = ? AND seq <= ? ORDER BY seq LIMIT ?',
        first.project_id,
        begun?.seq_max ?? Number.MAX_SAFE_INTEGER,
        ROWS_MAX,
      )
      .toArray()
    const events: CanonicalEvent[] = []
    let seqMax = 0
    for (const row of rows) {
      const more = JSON.parse(row.events) as CanonicalEvent[]
      if (begun === undefined && events.length > 0 && events.length + more.length > EVENTS_MAX) break
      events.push(...more)
      seqMax = row.seq
    }
    if (begun === undefined)
      this.sql.exec('INSERT INTO outgoing_batch (project_id, seq_max) VALUES (?, ?)', first.project_id, seqMax)
    const project = { workspace_id: rows[0]?.workspace_id ?? '', project_id: first.project_id }
    return { batch: { id: events[0]?.event_id ?? '', project, events }, seqMax }
  }

  private done(projectId: string, seqMax: number): void {
    this.sql.exec('DELETE FROM outgoing WHERE project_id = ? AND seq <= ?', projectId, seqMax)
    this.sql.exec('DELETE FROM outgoing_batch WHERE project_id = ?', projectId)
  }
}
