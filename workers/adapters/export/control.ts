import { COLUMNS_SQL, quoted, tablesOf, type ColumnRow } from '../../domain/table-copy.ts'

/** Never leaves the control database: whoever has it could act as somebody else. */
const SECRET = new Set(['hash', 'token_hash', 'client_secret', 'token', 'key', 'password', 'secret'])
/** Changes that are under way, and moves, which are told by the audit log. */
const EXCEPT = ['audit_outbox', 'org_move']

/** Everything that the control database has of an organization; which tables there are is read from the schema. */
export async function controlRows(db: D1Database, orgId: string): Promise<Record<string, unknown>> {
  const tables = tablesOf((await db.prepare(COLUMNS_SQL).all<ColumnRow>()).results)
  const found: Record<string, unknown> = {}
  for (const { name, columns } of tables) {
    if (EXCEPT.includes(name) || !columns.some((column) => column.name === 'org_id')) continue
    const open = columns.filter((column) => !SECRET.has(column.name)).map((column) => quoted(column.name))
    const rows = await db
      .prepare(`SELECT ${open.join(', ')} FROM ${quoted(name)} WHERE org_id = ?1`)
      .bind(orgId)
      .all()
    found[name] = rows.results
  }
  const [org, people] = await db.batch([
    db.prepare('SELECT * FROM organization WHERE id = ?1').bind(orgId),
    db
      .prepare('SELECT u.id, u.name, u.email FROM member m JOIN user u ON u.id = m.user_id WHERE m.org_id = ?1')
      .bind(orgId),
  ])
  return { organization: org?.results[0] ?? null, people: people?.results ?? [], ...found }
}
