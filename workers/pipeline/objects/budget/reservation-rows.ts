import type { ReservationMoney } from '../../../domain/budget/reservation.ts'
import type { Subject } from '../../../domain/budget/decide.ts'

export type ReservationState = 'open' | 'settled' | 'expired' | 'released'

/** A reservation, with its money in nano-dollars. */
export interface Reservation extends ReservationMoney {
  id: string
  state: ReservationState
  partial: boolean
  /** Whether a settle call has told its end. */
  told: boolean
  estimate: bigint
  subject: Subject
  trace_id: string | null
  idempotency: string | null
  /** Idempotency keys of the parts that were settled. */
  parts: string[]
  /** How many entries were sent to the ledger. */
  bookings: number
  created_ms: number
  expires_ms: number
  /** When it was last settled or paid by an event; the spend is of this moment. */
  spent_ms: number | null
  /** Of how many calls of models settle calls told the outcome, and of how many events did. */
  calls_told: number
  calls_seen: number
}

interface Row extends Record<string, SqlStorageValue> {
  id: string
  state: string
  partial: number
  told: number
  estimate: number
  held: number
  settled: number
  evented: number
  booked: number
  confirmed: number
  subject: string
  trace_id: string | null
  idempotency: string | null
  parts: string
  bookings: number
  created_ms: number
  expires_ms: number
  spent_ms: number | null
  calls_told: number
  calls_seen: number
}

/** Nobody sends events, or asks again, after this long. */
const KEPT_MS = 15 * 86_400_000
const PRUNE_MAX = 1000

/** Reservations; `active` are those that hold something, or whose spend the ledger does not have yet. */
export class ReservationRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS reservation (id TEXT PRIMARY KEY, state TEXT NOT NULL, active INTEGER NOT NULL, partial INTEGER NOT NULL, told INTEGER NOT NULL,
        estimate INTEGER NOT NULL, held INTEGER NOT NULL, settled INTEGER NOT NULL, evented INTEGER NOT NULL, booked INTEGER NOT NULL,
        confirmed INTEGER NOT NULL, subject TEXT NOT NULL, trace_id TEXT, idempotency TEXT, parts TEXT NOT NULL, bookings INTEGER NOT NULL,
        created_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL, spent_ms INTEGER) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS reservation_active ON reservation (id) WHERE active = 1;
      CREATE UNIQUE INDEX IF NOT EXISTS reservation_idempotency ON reservation (idempotency) WHERE idempotency IS NOT NULL;`)
    for (const column of ['calls_told', 'calls_seen']) addCount(sql, column)
  }

  active(): Reservation[] {
    return this.sql.exec<Row>('SELECT * FROM reservation WHERE active = 1').toArray().map(fromRow)
  }

  find(id: string): Reservation | null {
    const row = this.sql.exec<Row>('SELECT * FROM reservation WHERE id = ?', id).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  byIdempotency(key: string): Reservation | null {
    const row = this.sql.exec<Row>('SELECT * FROM reservation WHERE idempotency = ?', key).toArray()[0]
    return row === undefined ? null : fromRow(row)
  }

  add(r: Reservation, active: boolean): void {
    this.sql.exec(
      `INSERT INTO reservation (id, partial, estimate, subject, trace_id, idempotency, created_ms, expires_ms, active,
         state, told, held, settled, evented, booked, confirmed, parts, bookings, spent_ms, calls_told, calls_seen)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[r.id, Number(r.partial), Number(r.estimate), JSON.stringify(r.subject)],
      ...[r.trace_id, r.idempotency, r.created_ms, r.expires_ms, Number(active)],
      ...changing(r),
    )
  }

  update(r: Reservation): void {
    this.sql.exec(`UPDATE reservation SET ${CHANGING} WHERE id = ?`, ...changing(r), r.id)
  }

  /** As `update`, where it begins or ceases to be active: apart from it, since this touches an index, which is a row. */
  updateActive(r: Reservation, active: boolean): void {
    this.sql.exec(
      `UPDATE reservation SET active = ?, ${CHANGING} WHERE id = ?`,
      ...[Number(active), ...changing(r), r.id],
    )
  }

  /** Whether more is left to remove. */
  prune(nowMs: number): boolean {
    const pruned = this.sql
      .exec(
        'DELETE FROM reservation WHERE id IN (SELECT id FROM reservation WHERE active = 0 AND created_ms < ? LIMIT ?) RETURNING id',
        nowMs - KEPT_MS,
        PRUNE_MAX,
      )
      .toArray().length
    return pruned === PRUNE_MAX
  }
}

const CHANGING = `state = ?, told = ?, held = ?, settled = ?, evented = ?, booked = ?, confirmed = ?, parts = ?, bookings = ?,
  spent_ms = ?, calls_told = ?, calls_seen = ?`

function changing(r: Reservation): SqlStorageValue[] {
  return [
    r.state,
    Number(r.told),
    Number(r.held),
    Number(r.settled),
    Number(r.evented),
    Number(r.booked),
    Number(r.confirmed),
    JSON.stringify(r.parts),
    r.bookings,
    r.spent_ms,
    r.calls_told,
    r.calls_seen,
  ]
}

/** Objects that were made before these were counted have a table without them. */
function addCount(sql: SqlStorage, column: string): void {
  const has = sql.exec(`SELECT 1 FROM pragma_table_info('reservation') WHERE name = ?`, column).toArray().length > 0
  if (!has) sql.exec(`ALTER TABLE reservation ADD COLUMN ${column} INTEGER NOT NULL DEFAULT 0`)
}

function fromRow(row: Row): Reservation {
  return {
    ...row,
    state: row.state as ReservationState,
    partial: row.partial === 1,
    told: row.told === 1,
    estimate: BigInt(row.estimate),
    held: BigInt(row.held),
    settled: BigInt(row.settled),
    evented: BigInt(row.evented),
    booked: BigInt(row.booked),
    confirmed: BigInt(row.confirmed),
    subject: JSON.parse(row.subject) as Subject,
    parts: JSON.parse(row.parts) as string[],
  }
}
