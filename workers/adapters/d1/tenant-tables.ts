import { COLUMNS_SQL, tablesOf, tenantTables, type ColumnRow, type TenantTable } from '../../domain/table-copy.ts'

/** The tables of a data shard in which something of a tenant lies, as the schema has them, so that none is forgotten. */
export async function tenantTablesOf(db: D1Database, except: readonly string[]): Promise<TenantTable[]> {
  return tenantTables(tablesOf((await db.prepare(COLUMNS_SQL).all<ColumnRow>()).results), except)
}
