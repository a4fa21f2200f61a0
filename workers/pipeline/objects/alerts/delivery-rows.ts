import type { Delivery, Message } from '../../../contract/notify.ts'

/** A message to a channel, and what became of it. */
export interface StoredDelivery {
  id: string
  /** Of the decision that it tells: no second row has it. */
  key: string
  /** Empty for the owners of the organization. */
  channel_id: string
  channel_name: string
  incident_id: string | null
  message: Message
  state: Delivery['state']
  attempts: number
  /** When its task goes to the queue: the first, or one more because nobody has settled it. */
  next_ms: number
  /** Until then it is a consumer's. */
  lease_ms: number | null
  status_code: number | null
  error: string | null
  created_ms: number
  sent_ms: number | null
}

interface Row extends Record<string, SqlStorageValue> {
  seq: number
  id: string
  key: string
  channel_id: string
  channel_name: string
  incident_id: string | null
  message: string
  state: string
  attempts: number
  next_ms: number
  lease_ms: number | null
  status_code: number | null
  error: string | null
  created_ms: number
  sent_ms: number | null
}

const KEPT_MS = 90 * 86_400_000
const KEPT_MAX = 20_000
const PRUNE_MAX = 200

/** What the channels of one organization were told, numbered in the order in which it was decided. */
export class DeliveryRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS delivery (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE, channel_id TEXT NOT NULL,
        channel_name TEXT NOT NULL, incident_id TEXT, message TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_ms INTEGER NOT NULL,
        lease_ms INTEGER, status_code INTEGER, error TEXT, created_ms INTEGER NOT NULL, sent_ms INTEGER);
      CREATE INDEX IF NOT EXISTS delivery_pending ON delivery (next_ms) WHERE state = 'pending';`)
  }

  /** False when this was decided before. */
  add(d: StoredDelivery): boolean {
    const made = this.sql.exec(
      `INSERT INTO delivery (id, key, channel_id, channel_name, incident_id, message, state, attempts, next_ms, lease_ms, status_code, error, created_ms, sent_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
      ...[d.id, d.key, d.channel_id, d.channel_name, d.incident_id, JSON.stringify(d.message), d.state, d.attempts],
      ...[d.next_ms, d.lease_ms, d.status_code, d.error, d.created_ms, d.sent_ms],
    )
    return made.toArray().length > 0
  }

  save(d: StoredDelivery): void {
    this.sql.exec(
      `UPDATE delivery SET state = ?, attempts = ?, next_ms = ?, lease_ms = ?, status_code = ?, error = ?, sent_ms = ? WHERE id = ?`,
      ...[d.state, d.attempts, d.next_ms, d.lease_ms, d.status_code, d.error, d.sent_ms, d.id],
    )
  }

  find(id: string): StoredDelivery | null {
    const row = this.sql.exec<Row>('SELECT * FROM delivery WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  /** Pending ones whose task is to be sent, the oldest first. */
  due(nowMs: number, most: number): StoredDelivery[] {
    return this.sql
      .exec<Row>(
        `SELECT * FROM delivery WHERE state = 'pending' AND next_ms <= ? ORDER BY next_ms, seq LIMIT ?`,
        nowMs,
        most,
      )
      .toArray()
      .map(fromRow)
  }

  /** Pending ones whose lease ends so long before their task is sent anew: a consumer has them, unless it died. */
  leased(nowMs: number, beforeMs: number): boolean {
    const found = this.sql.exec(
      `SELECT 1 FROM delivery WHERE state = 'pending' AND lease_ms > ? AND next_ms - lease_ms = ? LIMIT 1`,
      nowMs,
      beforeMs,
    )
    return found.toArray().length > 0
  }

  nextDue(): number | null {
    return this.sql.exec<{ at: number | null }>(`SELECT min(next_ms) AS at FROM delivery WHERE state = 'pending'`).one()
      .at
  }

  /** Whether something earlier of the same incident is still on its way to the same channel. */
  waitsFor({ id, channel_id, incident_id }: StoredDelivery): boolean {
    if (incident_id === null) return false
    const earlier = this.sql.exec(
      `SELECT 1 FROM delivery WHERE state = 'pending' AND channel_id = ?1 AND incident_id = ?2 AND seq < (SELECT seq FROM delivery WHERE id = ?3) LIMIT 1`,
      ...[channel_id, incident_id, id],
    )
    return earlier.toArray().length > 0
  }

  /** What waited for this one may go now. */
  release({ channel_id, incident_id }: StoredDelivery, nowMs: number): void {
    if (incident_id === null) return
    this.sql.exec(
      `UPDATE delivery SET next_ms = ?1 WHERE state = 'pending' AND attempts = 0 AND channel_id = ?2 AND incident_id = ?3 AND next_ms > ?1`,
      ...[nowMs, channel_id, incident_id],
    )
  }

  page(filter: { channel_id: string | null; state: Delivery['state'] | null; before: number | null; limit: number }): {
    deliveries: StoredDelivery[]
    next: number | null
  } {
    const rows = this.sql
      .exec<Row>(
        `SELECT * FROM delivery WHERE seq < ?1 AND (?2 IS NULL OR channel_id = ?2) AND (?3 IS NULL OR state = ?3) ORDER BY seq DESC LIMIT ?4`,
        ...[filter.before ?? Number.MAX_SAFE_INTEGER, filter.channel_id, filter.state, filter.limit + 1],
      )
      .toArray()
    const page = rows.slice(0, filter.limit)
    return { deliveries: page.map(fromRow), next: rows.length > filter.limit ? (page.at(-1)?.seq ?? null) : null }
  }

  isEmpty(): boolean {
    return this.sql.exec('SELECT 1 FROM delivery LIMIT 1').toArray().length === 0
  }

  /** Removes some that are too old or too many. */
  prune(nowMs: number): void {
    this.sql.exec(
      `DELETE FROM delivery WHERE seq IN (SELECT seq FROM (SELECT seq, created_ms FROM delivery ORDER BY seq LIMIT ?3)
         WHERE created_ms < ?1 OR seq <= (SELECT max(seq) FROM delivery) - ?2)`,
      ...[nowMs - KEPT_MS, KEPT_MAX, PRUNE_MAX],
    )
  }
}

function fromRow({ seq: _, ...row }: Row): StoredDelivery {
  return { ...row, state: row.state as Delivery['state'], message: JSON.parse(row.message) as Message }
}

export function deliveryView(d: StoredDelivery): Delivery {
  const iso = (ms: number) => new Date(ms).toISOString()
  return {
    id: d.id,
    channel_id: d.channel_id,
    channel_name: d.channel_name,
    incident_id: d.incident_id,
    notice: d.message.notice,
    summary: d.message.title,
    state: d.state,
    attempts: d.attempts,
    next_attempt_at: d.state === 'pending' ? iso(d.next_ms) : null,
    status_code: d.status_code,
    error: d.error,
    created_at: iso(d.created_ms),
    sent_at: d.sent_ms === null ? null : iso(d.sent_ms),
  }
}
