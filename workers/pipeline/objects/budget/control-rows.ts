import type { ControlScope, ControlSettings } from '../../../contract/control.ts'
import type { Breaker } from '../../../domain/control/breaker.ts'
import type { TraceCalls } from '../../../domain/control/loop.ts'

/** A control as it is kept. */
export interface StoredControl {
  id: string
  scope: ControlScope
  /** Empty for the organization. */
  scope_id: string
  config: ControlSettings & { name: string; record: 'all' | 'refusals' }
  created_ms: number
}

/** A breaker of one control, for one provider and model. */
export interface StoredBreaker {
  id: string
  control_id: string
  provider: string
  model: string
  /** The project whose work changed it last: its events go there. */
  place: { workspace_id: string; project_id: string }
  breaker: Breaker
  used_ms: number
}

/** Traces that are told apart; of more, those that were seen longest ago are forgotten. */
const TRACES_MAX = 20_000
const TRACES_FORGOTTEN = 1000
/** A trace that was not seen for this long is over. */
export const TRACE_MS_MAX = 6 * 3_600_000

/** Controls, circuit breakers, and what traces have done so far: of these only hashes, which name nobody. */
export class ControlRows {
  private readonly sql: SqlStorage
  private traces: number

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS control (id TEXT PRIMARY KEY, scope TEXT NOT NULL, scope_id TEXT NOT NULL, config TEXT NOT NULL,
        created_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS breaker (id TEXT PRIMARY KEY, control_id TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
        place TEXT NOT NULL, breaker TEXT NOT NULL, used_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS trace_calls (id TEXT PRIMARY KEY, steps INTEGER NOT NULL, calls TEXT NOT NULL,
        seen_ms INTEGER NOT NULL) WITHOUT ROWID;`)
    this.traces = this.countTraces()
  }

  controls(): StoredControl[] {
    return this.sql
      .exec<{ id: string; scope: string; scope_id: string; config: string; created_ms: number }>(
        'SELECT * FROM control ORDER BY created_ms, id',
      )
      .toArray()
      .map((row) => ({
        ...row,
        scope: row.scope as ControlScope,
        config: JSON.parse(row.config) as StoredControl['config'],
      }))
  }

  putControl({ id, scope, scope_id, config, created_ms }: StoredControl): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO control (id, scope, scope_id, config, created_ms) VALUES (?, ?, ?, ?, ?)',
      ...[id, scope, scope_id, JSON.stringify(config), created_ms],
    )
  }

  removeControl(id: string): void {
    this.sql.exec('DELETE FROM control WHERE id = ?', id)
    this.removeBreakersOf(id)
  }

  removeBreakersOf(controlId: string): void {
    this.sql.exec('DELETE FROM breaker WHERE control_id = ?', controlId)
  }

  breakers(): StoredBreaker[] {
    return this.sql
      .exec<{
        id: string
        control_id: string
        provider: string
        model: string
        place: string
        breaker: string
        used_ms: number
      }>('SELECT * FROM breaker')
      .toArray()
      .map((row) => ({
        ...row,
        place: JSON.parse(row.place) as StoredBreaker['place'],
        breaker: JSON.parse(row.breaker) as Breaker,
      }))
  }

  putBreaker({ id, control_id, provider, model, place, breaker, used_ms }: StoredBreaker): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO breaker (id, control_id, provider, model, place, breaker, used_ms) VALUES (?, ?, ?, ?, ?, ?, ?)',
      ...[id, control_id, provider, model, JSON.stringify(place), JSON.stringify(breaker), used_ms],
    )
  }

  removeBreaker(id: string): void {
    this.sql.exec('DELETE FROM breaker WHERE id = ?', id)
  }

  /** Null for a trace that was not seen, or is over. */
  trace(id: string, nowMs: number): TraceCalls | null {
    const row = this.sql
      .exec<{
        steps: number
        calls: string
      }>('SELECT steps, calls FROM trace_calls WHERE id = ? AND seen_ms > ?', id, nowMs - TRACE_MS_MAX)
      .toArray()[0]
    return row === undefined ? null : { steps: row.steps, calls: new Map(JSON.parse(row.calls) as [string, number][]) }
  }

  putTrace(id: string, { steps, calls }: TraceCalls, nowMs: number): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO trace_calls (id, steps, calls, seen_ms) VALUES (?, ?, ?, ?)',
      ...[id, steps, JSON.stringify([...calls]), nowMs],
    )
    if (steps > 1 || ++this.traces <= TRACES_MAX) return
    this.sql.exec(
      'DELETE FROM trace_calls WHERE id IN (SELECT id FROM trace_calls ORDER BY seen_ms LIMIT ?)',
      TRACES_FORGOTTEN,
    )
    this.traces = this.countTraces()
  }

  /** Forgets traces that are over. */
  prune(nowMs: number): void {
    this.sql.exec('DELETE FROM trace_calls WHERE seen_ms <= ?', nowMs - TRACE_MS_MAX)
    this.traces = this.countTraces()
  }

  /** After the tables were changed by somebody else. */
  recount(): void {
    this.traces = this.countTraces()
  }

  private countTraces(): number {
    return this.sql.exec<{ n: number }>('SELECT count(*) AS n FROM trace_calls').one().n
  }
}
