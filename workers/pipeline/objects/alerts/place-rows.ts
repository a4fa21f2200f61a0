import type { Tenant } from '../../../contract/tenant.ts'

/** Whose alerts these are, where, in which time zone, and whether they go on in another cell. */
export class PlaceRows {
  private readonly sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.sql = sql
    sql.exec(`
      CREATE TABLE IF NOT EXISTS place (org_id TEXT PRIMARY KEY, cell TEXT NOT NULL, shard INTEGER NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS sealed (one INTEGER PRIMARY KEY CHECK (one = 1));`)
  }

  /** Null until somebody says. */
  tenant(): Tenant | null {
    return this.sql.exec<Tenant & Record<string, SqlStorageValue>>('SELECT * FROM place').toArray()[0] ?? null
  }

  settle({ org_id, cell, shard }: Tenant): void {
    const known = this.tenant()
    if (known?.org_id === org_id && known.cell === cell && known.shard === shard) return
    this.sql.exec('DELETE FROM place')
    this.sql.exec('INSERT INTO place (org_id, cell, shard) VALUES (?, ?, ?)', org_id, cell, shard)
  }

  zone(): string {
    return (
      this.sql.exec<{ value: string }>(`SELECT value FROM setting WHERE name = 'zone'`).toArray()[0]?.value ?? 'UTC'
    )
  }

  setZone(zone: string): void {
    if (zone !== this.zone()) this.sql.exec(`INSERT OR REPLACE INTO setting (name, value) VALUES ('zone', ?)`, zone)
  }

  isSealed(): boolean {
    return this.sql.exec('SELECT one FROM sealed').toArray().length > 0
  }

  seal(sealed: boolean): void {
    this.sql.exec(sealed ? 'INSERT OR IGNORE INTO sealed VALUES (1)' : 'DELETE FROM sealed')
  }
}
