import type { CanonicalEvent } from '../../contract/event.ts'
import type {
  AccountRow,
  HeldEvents,
  HeldRow,
  MeterGroup,
  PaidStretch,
  ProjectPlace,
  SignalRank,
  SignalRows,
  Told,
} from '../../contract/signals.ts'
import type { Eraser } from '../../domain/erase.ts'
import {
  accountOf,
  accountText,
  emptyAccount,
  isTold,
  note,
  paidOf,
  pay,
  trim,
  type Account,
} from '../../domain/otlp/meter.ts'
import { meterGroup } from '../../domain/otlp/metered.ts'

/** Exporters send spans and records every five seconds, counters every minute; what ends a process, at once. */
const HOLD_MS = 30_000
/** A counter that is silent for so long is taken for a new one. */
const FORGET_AFTER_MS = 30 * 86_400_000
const FORGET_EVERY_MS = 3_600_000
/** With ROW_CHARS_MAX what one alarm holds in memory, of which an object has 128 MB. */
const SEND_ROWS_MAX = 16
const ROW_CHARS_MAX = 500_000
const ACCOUNTS_MAX = 5000

/** `counts` are told by no other signal. */
type Rank = SignalRank | 'counts'

/** Events that go on to the queue; sent twice they are the same batch. */
export interface Release {
  id: string
  place: ProjectPlace
  events: CanonicalEvent[]
}

/**
 * One call from one signal (docs/decisions/0030-one-call-from-one-signal.md): which accounts tell calls by spans and by
 * log records, what their counters said last, and the events that wait until it is clear that nobody else tells them.
 */
export class SignalBook {
  private readonly sql: SqlStorage
  private readonly hash: (text: string) => string
  private readonly accounts = new Map<string, Account>()
  private forgotAt = 0

  /** @param hash keeps the names of accounts, which are sessions, out of storage. */
  constructor(sql: SqlStorage, hash: (text: string) => string) {
    this.sql = sql
    this.hash = hash
    sql.exec(`CREATE TABLE IF NOT EXISTS signal_account (account TEXT PRIMARY KEY, state TEXT NOT NULL,
      seen_ms INTEGER NOT NULL) WITHOUT ROWID`)
    sql.exec(`CREATE TABLE IF NOT EXISTS signal_held (id TEXT PRIMARY KEY, account TEXT NOT NULL, rank TEXT NOT NULL,
      from_ms INTEGER NOT NULL, to_ms INTEGER NOT NULL, due_ms INTEGER NOT NULL, sending INTEGER NOT NULL,
      place TEXT NOT NULL, events TEXT NOT NULL) WITHOUT ROWID`)
  }

  heard(rank: Exclude<SignalRank, 'metrics'>, told: readonly Told[], nowMs: number): PaidStretch[] {
    this.makeRoom()
    const changed = new Set<string>()
    for (const { account, hour } of told) {
      const key = this.hash(account)
      if (note(this.load(key), hour, rank)) changed.add(key)
    }
    for (const key of changed) this.save(key, nowMs)
    return [...new Set(told.map(({ account }) => account))].flatMap((one) => paidOf(one, this.load(this.hash(one))))
  }

  hold(place: ProjectPlace, id: string, held: readonly HeldEvents[], nowMs: number): void {
    held.forEach((one, index) => this.keep(place, `${id}/${index}`, 'logs', one, nowMs))
  }

  meter(place: ProjectPlace, id: string, groups: readonly MeterGroup[], nowMs: number): void {
    this.makeRoom()
    groups.forEach((group, index) => {
      const metered = meterGroup(this.load(this.hash(group.account)), group)
      if (metered) this.keep(place, `${id}/${index}`, metered.isUsage ? 'metrics' : 'counts', metered, nowMs)
    })
    for (const account of new Set(groups.map((group) => this.hash(group.account)))) this.save(account, nowMs)
  }

  /** What is due and told by no signal of a higher rank; the rest of what is due is dropped. */
  release(nowMs: number): Release[] {
    this.makeRoom()
    const due = this.sql
      .exec<HeldRow>('SELECT * FROM signal_held WHERE due_ms <= ? ORDER BY due_ms LIMIT ?', nowMs, SEND_ROWS_MAX)
      .toArray()
    const released: Release[] = []
    for (const row of due) {
      // Once it is on its way it stays so: a call that is told now finds it paid.
      if (row.sending === 0 && !this.send(row, nowMs)) this.done(row.id)
      else {
        const events = (JSON.parse(row.events) as string[]).map((text) => JSON.parse(text) as CanonicalEvent)
        released.push({ id: row.id, place: JSON.parse(row.place) as ProjectPlace, events })
      }
    }
    this.forget(nowMs)
    return released
  }

  done(id: string): void {
    this.sql.exec('DELETE FROM signal_held WHERE id = ?', id)
  }

  nextDueMs(): number | null {
    return this.sql.exec<{ due: number | null }>('SELECT min(due_ms) AS due FROM signal_held').one().due
  }

  /** Takes a person out of what waits. */
  erase(eraser: Eraser): { scanned: number; changed: number } {
    let changed = 0
    const rows = this.sql.exec<HeldRow>('SELECT * FROM signal_held').toArray()
    for (const { id, events } of rows) {
      const next = JSON.stringify((JSON.parse(events) as string[]).map((text) => eraser.text(text)))
      if (next === events) continue
      this.sql.exec('UPDATE signal_held SET events = ? WHERE id = ?', next, id)
      changed++
    }
    return { scanned: rows.length, changed }
  }

  rows(): SignalRows {
    const accounts = this.sql.exec<AccountRow>('SELECT * FROM signal_account').toArray()
    return { accounts, held: this.sql.exec<HeldRow>('SELECT * FROM signal_held').toArray() }
  }

  /** Takes what another home knew; what waits there goes to the queue of `place` now. */
  take({ accounts, held }: SignalRows, home: Pick<ProjectPlace, 'cell' | 'shard'>): void {
    for (const { account, state, seen_ms } of accounts)
      this.sql.exec('INSERT OR REPLACE INTO signal_account VALUES (?, ?, ?)', account, state, seen_ms)
    this.accounts.clear()
    for (const row of held) {
      const place = JSON.stringify({ ...(JSON.parse(row.place) as ProjectPlace), ...home })
      this.insert({ ...row, place })
    }
  }

  private send({ id, account, rank, from_ms, to_ms }: HeldRow, nowMs: number): boolean {
    const state = this.load(account)
    if (rank !== 'counts' && isTold(state, rank as SignalRank, from_ms, to_ms)) return false
    this.sql.exec('UPDATE signal_held SET sending = 1 WHERE id = ?', id)
    if (rank !== 'metrics') return true
    pay(state, from_ms, to_ms)
    this.save(account, nowMs)
    return true
  }

  private keep(place: ProjectPlace, id: string, rank: Rank, held: HeldEvents, nowMs: number): void {
    const { from_ms, to_ms } = held
    const about = {
      account: this.hash(held.account),
      rank,
      from_ms,
      to_ms,
      due_ms: nowMs + HOLD_MS,
      sending: 0,
      place: JSON.stringify(place),
    }
    rowsOf(held.events).forEach((events, part) => this.insert({ ...about, id: `${id}/${part}`, events }))
  }

  private insert(row: HeldRow): void {
    const { id, account, rank, from_ms, to_ms, due_ms, sending, place, events } = row
    this.sql.exec(
      'INSERT OR IGNORE INTO signal_held VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
      ...[id, account, rank, from_ms, to_ms, due_ms, sending, place, events],
    )
  }

  /** Accounts that are not in use are read again. */
  private makeRoom(): void {
    if (this.accounts.size > ACCOUNTS_MAX) this.accounts.clear()
  }

  private load(account: string): Account {
    const known = this.accounts.get(account)
    if (known) return known
    const row = this.sql.exec<{ state: string }>('SELECT state FROM signal_account WHERE account = ?', account)
    const [stored] = row.toArray()
    const state = stored ? accountOf(stored.state) : emptyAccount()
    this.accounts.set(account, state)
    return state
  }

  private save(account: string, nowMs: number): void {
    const state = this.load(account)
    trim(state)
    this.sql.exec('INSERT OR REPLACE INTO signal_account VALUES (?, ?, ?)', account, accountText(state), nowMs)
  }

  private forget(nowMs: number): void {
    if (nowMs - this.forgotAt < FORGET_EVERY_MS) return
    this.forgotAt = nowMs
    this.sql.exec('DELETE FROM signal_account WHERE seen_ms < ?', nowMs - FORGET_AFTER_MS)
    this.accounts.clear()
  }
}

/** Rows that storage takes, each a JSON array. */
function rowsOf(events: readonly string[]): string[] {
  const rows: string[][] = [[]]
  let chars = 0
  for (const event of events) {
    if (chars > 0 && chars + event.length > ROW_CHARS_MAX) {
      rows.push([])
      chars = 0
    }
    rows.at(-1)?.push(event)
    chars += event.length
  }
  return rows.map((row) => JSON.stringify(row))
}
