import type { SpendFit } from '../../../domain/budget/forecast/fit.ts'

/** What was expected of a budget's scope on one local day. */
export interface StoredFit {
  zone: string
  /** The local day for which it was made, since 1970-01-01. */
  today: number
  made_ms: number
  /** What the period had spent before that day, in nano-dollars. */
  before: number
  /** Null where there was too little history. */
  fit: SpendFit | null
}

/**
 * Fits of budgets, kept so that an object that was asleep need not make them again. They follow from the counters: a
 * move leaves them behind, and they name nobody.
 */
export class ForecastRows {
  static readonly TABLE = 'forecast'
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS forecast (budget_id TEXT PRIMARY KEY, fit TEXT NOT NULL) WITHOUT ROWID')
  }

  all(): Map<string, StoredFit> {
    const rows = this.sql.exec<{ budget_id: string; fit: string }>('SELECT budget_id, fit FROM forecast').toArray()
    return new Map(rows.map(({ budget_id, fit }) => [budget_id, JSON.parse(fit) as StoredFit]))
  }

  put(budgetId: string, fit: StoredFit): void {
    this.sql.exec('INSERT OR REPLACE INTO forecast (budget_id, fit) VALUES (?, ?)', budgetId, JSON.stringify(fit))
  }

  remove(budgetId: string): void {
    this.sql.exec('DELETE FROM forecast WHERE budget_id = ?', budgetId)
  }
}
