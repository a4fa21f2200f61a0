import type { Digest, ObjectPage } from '../../contract/move.ts'
import {
  COLUMNS_SQL,
  digestSql,
  pageSql,
  tablesOf,
  writeSql,
  type ColumnRow,
  type TableShape,
} from '../../domain/table-copy.ts'

const PAGE_ROWS = 5000
const PAGE_CHARS = 3_000_000
const DIGEST_ROWS = 20_000

/** Text, but for the number of rows. */
type Sums = Record<string, string | number>

/** All tables of an object's storage, read, written, compared and emptied as they are: the object is one tenant's. */
export class Portable {
  private readonly sql: SqlStorage
  private readonly except: readonly string[]

  /** `except` are tables that say whose object this is and where. */
  constructor(sql: SqlStorage, except: readonly string[] = []) {
    this.sql = sql
    this.except = except
  }

  exportRows(cursor: string | null): ObjectPage | null {
    const at =
      cursor === null ? { table: '', key: null } : (JSON.parse(cursor) as { table: string; key: string | null })
    const table = this.tables().find(({ name }) => (at.key === null ? name > at.table : name === at.table))
    if (table === undefined) return null
    const found = this.sql
      .exec<{ row: string; key: string }>(pageSql(table, at.key === null), null, at.key, PAGE_ROWS, PAGE_CHARS)
      .toArray()
    const next = { table: table.name, key: found.at(-1)?.key ?? null }
    const rows = `[${found.map(({ row }) => row).join(',')}]`
    return { table: table.name, rows, count: found.length, next: JSON.stringify(next) }
  }

  importRows(name: string, rows: string): void {
    const table = this.tables().find((one) => one.name === name)
    if (table === undefined) throw new Error(`this object has no table ${name}`)
    this.sql.exec(writeSql(table), rows)
  }

  digest(): Record<string, Digest> {
    return Object.fromEntries(this.tables().map((table) => [table.name, this.digestOf(table)]))
  }

  count(): number {
    return Object.values(this.digest()).reduce((sum, { rows }) => sum + rows, 0)
  }

  wipe(keep: readonly string[] = []): void {
    for (const { name } of this.all()) if (!keep.includes(name)) this.sql.exec(`DELETE FROM "${name}"`)
  }

  private digestOf(table: TableShape): Digest {
    const sums = new Map(table.columns.map(({ name }) => [name, 0n]))
    let rows = 0
    let key: string | null = null
    for (;;) {
      const page: Sums = this.sql.exec<Sums>(digestSql(table, key === null), null, key, DIGEST_ROWS).one()
      rows += Number(page.n)
      for (const [name, sum] of sums) sums.set(name, sum + BigInt(page[`s_${name}`] ?? 0))
      if (Number(page.n) < DIGEST_ROWS) break
      key = page.end === undefined ? null : String(page.end)
    }
    return { rows, sums: Object.fromEntries([...sums].map(([name, sum]) => [name, sum.toString()])) }
  }

  /** Those with a key; in order of their names. */
  private tables(): TableShape[] {
    return this.all().filter(({ name }) => !this.except.includes(name))
  }

  private all(): TableShape[] {
    const rows = this.sql.exec<Record<string, SqlStorageValue>>(COLUMNS_SQL).toArray()
    return tablesOf(rows as unknown as ColumnRow[])
  }
}
