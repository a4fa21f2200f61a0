import { Tenant } from '../../../contract/tenant.ts'

/**
 * Whose object this is and where, as the first caller said. Kept, because an alarm that wakes an evicted object has no
 * caller to ask, and what it sends must go to the organization's cell.
 */
export class Place {
  static readonly TABLE = 'place'
  private readonly sql: SqlStorage
  private known: Tenant | null = null

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(
      `CREATE TABLE IF NOT EXISTS ${Place.TABLE} (org_id TEXT PRIMARY KEY, cell TEXT NOT NULL, shard INTEGER NOT NULL) WITHOUT ROWID`,
    )
    this.reload()
  }

  get(): Tenant | null {
    return this.known
  }

  /** A row is written only when something is new. */
  set({ org_id, cell, shard }: Tenant): void {
    const { known } = this
    if (known?.org_id === org_id && known.cell === cell && known.shard === shard) return
    this.sql.exec(`INSERT OR REPLACE INTO ${Place.TABLE} (org_id, cell, shard) VALUES (?, ?, ?)`, org_id, cell, shard)
    this.known = { org_id, cell, shard }
  }

  /** After the table was changed by somebody else, or not after all. */
  reload(): void {
    const row = this.sql.exec(`SELECT org_id, cell, shard FROM ${Place.TABLE}`).toArray()[0]
    this.known = row === undefined ? null : Tenant.parse(row)
  }
}
