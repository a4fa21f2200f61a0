import type { BudgetCreate, BudgetScope } from '../../../contract/budget.ts'

/** A budget as it is kept. Amounts are nano-dollars. */
export interface StoredBudget {
  id: string
  scope: BudgetScope
  /** Empty for the organization. */
  scope_id: string
  config: Omit<BudgetCreate, 'scope'>
  created_ms: number
}

export const EXTENSION_STATES = ['asked', 'granted', 'declined'] as const
export type ExtensionState = (typeof EXTENSION_STATES)[number]

export interface StoredExtension extends Record<string, SqlStorageValue> {
  id: string
  budget_id: string
  amount: number
  until_ms: number
  state: ExtensionState
  reason: string
  asked_by: string
  decided_by: string | null
  created_ms: number
  decided_ms: number | null
}

/** Budgets, their extensions, and which thresholds were reached in which period. */
export class BudgetRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS budget (id TEXT PRIMARY KEY, scope TEXT NOT NULL, scope_id TEXT NOT NULL, config TEXT NOT NULL,
        created_ms INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS extension (id TEXT PRIMARY KEY, budget_id TEXT NOT NULL, amount INTEGER NOT NULL, until_ms INTEGER NOT NULL,
        state TEXT NOT NULL, reason TEXT NOT NULL, asked_by TEXT NOT NULL, decided_by TEXT, created_ms INTEGER NOT NULL, decided_ms INTEGER) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS threshold (budget_id TEXT, period_ms INTEGER, percent INTEGER, hit_ms INTEGER NOT NULL,
        PRIMARY KEY (budget_id, period_ms, percent)) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;`)
  }

  all(): StoredBudget[] {
    return this.sql
      .exec<{ id: string; scope: string; scope_id: string; config: string; created_ms: number }>(
        'SELECT * FROM budget ORDER BY created_ms, id',
      )
      .toArray()
      .map((row) => ({
        ...row,
        scope: row.scope as BudgetScope,
        config: JSON.parse(row.config) as StoredBudget['config'],
      }))
  }

  put({ id, scope, scope_id, config, created_ms }: StoredBudget): void {
    this.sql.exec(
      'INSERT OR REPLACE INTO budget (id, scope, scope_id, config, created_ms) VALUES (?, ?, ?, ?, ?)',
      id,
      scope,
      scope_id,
      JSON.stringify(config),
      created_ms,
    )
  }

  remove(id: string): void {
    for (const statement of [
      'DELETE FROM budget WHERE id = ?',
      'DELETE FROM extension WHERE budget_id = ?',
      'DELETE FROM threshold WHERE budget_id = ?',
    ])
      this.sql.exec(statement, id)
  }

  zone(): string {
    return (
      this.sql.exec<{ value: string }>(`SELECT value FROM setting WHERE name = 'zone'`).toArray()[0]?.value ?? 'UTC'
    )
  }

  setZone(zone: string): void {
    this.sql.exec(`INSERT OR REPLACE INTO setting (name, value) VALUES ('zone', ?)`, zone)
  }

  extensions(): StoredExtension[] {
    return this.sql.exec<StoredExtension>('SELECT * FROM extension ORDER BY created_ms DESC, id').toArray()
  }

  putExtension(e: StoredExtension): void {
    this.sql.exec(
      `INSERT OR REPLACE INTO extension (id, budget_id, amount, until_ms, state, reason, asked_by, decided_by, created_ms, decided_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[
        e.id,
        e.budget_id,
        e.amount,
        e.until_ms,
        e.state,
        e.reason,
        e.asked_by,
        e.decided_by,
        e.created_ms,
        e.decided_ms,
      ],
    )
  }

  hits(budgetId: string, periodMs: number): number[] {
    return this.sql
      .exec<{ percent: number }>(
        'SELECT percent FROM threshold WHERE budget_id = ? AND period_ms = ?',
        budgetId,
        periodMs,
      )
      .toArray()
      .map(({ percent }) => percent)
  }

  /** Thresholds that were reached in a period, and when. */
  reached(budgetId: string, periodMs: number): { percent: number; hit_ms: number }[] {
    return this.sql
      .exec<{ percent: number; hit_ms: number }>(
        'SELECT percent, hit_ms FROM threshold WHERE budget_id = ? AND period_ms = ? ORDER BY percent',
        budgetId,
        periodMs,
      )
      .toArray()
  }

  /** False when this threshold was reached before in this period. */
  hit(budgetId: string, periodMs: number, percent: number, nowMs: number): boolean {
    const made = this.sql.exec(
      'INSERT INTO threshold VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING percent',
      ...[budgetId, periodMs, percent, nowMs],
    )
    return made.toArray().length > 0
  }
}
