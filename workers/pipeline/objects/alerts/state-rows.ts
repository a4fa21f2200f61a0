import { groupKey } from '../../../domain/alert/group.ts'
import type { StoredInstance } from '../../../domain/alert/state.ts'

/** What the last evaluation of a rule left. */
export interface RuleState {
  evaluated_ms: number | null
  /** Why it failed. */
  error: string | null
  instances: StoredInstance[]
}

/** Without its key, which is the group once more, where an erasure would have to find it within a text within a text. */
type Kept = Omit<RuleState, 'instances'> & { instances: Omit<StoredInstance, 'key'>[] }

/** Rules whose states lie in one row: every evaluation writes all of them, and each row written costs. */
const RULES_PER_ROW = 20

/** What the last evaluations found, by rule. */
export class StateRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec('CREATE TABLE IF NOT EXISTS state (chunk INTEGER PRIMARY KEY, body TEXT NOT NULL)')
  }

  all(): Map<string, RuleState> {
    const rows = this.sql.exec<{ body: string }>('SELECT body FROM state ORDER BY chunk').toArray()
    const kept = rows.flatMap(({ body }) => JSON.parse(body) as [string, Kept][])
    return new Map(
      kept.map(([id, { instances, ...state }]) => [
        id,
        { ...state, instances: instances.map((one) => ({ ...one, key: groupKey(one.group) })) },
      ]),
    )
  }

  save(states: ReadonlyMap<string, RuleState>): void {
    const all = [...states].map(([id, { instances, ...state }]): [string, Kept] => [
      id,
      { ...state, instances: instances.map(({ key: _, ...one }) => one) },
    ])
    let chunk = 0
    for (; chunk * RULES_PER_ROW < all.length; chunk++) {
      const body = JSON.stringify(all.slice(chunk * RULES_PER_ROW, (chunk + 1) * RULES_PER_ROW))
      this.sql.exec('INSERT OR REPLACE INTO state (chunk, body) VALUES (?, ?)', chunk, body)
    }
    this.sql.exec('DELETE FROM state WHERE chunk >= ?', chunk)
  }

  remove(ruleId: string): void {
    const states = this.all()
    if (states.delete(ruleId)) this.save(states)
  }
}
