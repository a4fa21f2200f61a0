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
    return this.setting('zone') ?? 'UTC'
  }

  setZone(zone: string): void {
    this.set('zone', zone)
  }

  /** Where people see the dashboard; null until somebody has come that way. */
  origin(): string | null {
    return this.setting('origin')
  }

  setOrigin(origin: string): void {
    this.set('origin', origin)
  }

  /** When all was judged last; 0 when that is to be done at once. */
  evaluated(): number {
    return Number(this.setting('evaluated_ms') ?? 0)
  }

  setEvaluated(ms: number): void {
    this.set('evaluated_ms', String(ms))
  }

  isSealed(): boolean {
    return this.sql.exec('SELECT one FROM sealed').toArray().length > 0
  }

  seal(sealed: boolean): void {
    this.sql.exec(sealed ? 'INSERT OR IGNORE INTO sealed VALUES (1)' : 'DELETE FROM sealed')
  }

  private setting(name: string): string | null {
    return (
      this.sql.exec<{ value: string }>('SELECT value FROM setting WHERE name = ?', name).toArray()[0]?.value ?? null
    )
  }

  private set(name: string, value: string): void {
    if (value !== this.setting(name))
      this.sql.exec('INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)', name, value)
  }
}
