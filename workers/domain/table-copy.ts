/** How rows of any SQLite table travel from one database to another: as JSON tuples that hold every type exactly. */

export interface TableShape {
  name: string
  columns: { name: string; type: string }[]
  /** The primary key, in its order. */
  key: string[]
}

/** A table and the column that says whose a row is: the first of its key, so that a tenant's rows lie together. */
export interface TenantTable extends TableShape {
  scope: 'org_id' | 'project_id'
}

export interface ColumnRow {
  table_name: string
  name: string
  type: string
  pk: number
}

/** Asks for every column of every table; answers `ColumnRow`s. */
export const COLUMNS_SQL = `SELECT m.name AS table_name, c.name, upper(c.type) AS type, c.pk FROM sqlite_master m, pragma_table_info(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND m.name <> 'd1_migrations'
ORDER BY m.name, c.cid`

export function tablesOf(rows: readonly ColumnRow[]): TableShape[] {
  const tables = new Map<string, ColumnRow[]>()
  for (const row of rows) tables.set(row.table_name, [...(tables.get(row.table_name) ?? []), row])
  return [...tables].map(([name, columns]) => ({
    name,
    columns: columns.map((column) => ({ name: column.name, type: column.type })),
    key: columns
      .filter(({ pk }) => pk > 0)
      .sort((a, b) => a.pk - b.pk)
      .map((column) => column.name),
  }))
}

/**
 * The tables that hold something of a tenant. @throws for one whose key does not begin with the tenant: its rows
 * could be neither found nor told apart from those of others in the other database.
 */
export function tenantTables(tables: readonly TableShape[], except: readonly string[]): TenantTable[] {
  const found: TenantTable[] = []
  for (const table of tables) {
    if (except.includes(table.name)) continue
    const tenant = table.columns.some(({ name }) => name === 'org_id' || name === 'project_id')
    if (!tenant) continue
    const scope = table.key[0]
    if (scope !== 'org_id' && scope !== 'project_id')
      throw new Error(`table ${table.name} has rows of tenants, but its key does not begin with org_id or project_id`)
    found.push({ ...table, scope })
  }
  return found
}

export const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
export const isInteger = (type: string) => type.includes('INT')
export const isBlob = (type: string) => type === '' || type.includes('BLOB')

/** A row as a JSON array: integers as text, since some pass 2^53; bytes as hex. */
function tupleSql({ columns }: TableShape): string {
  const values = columns.map(({ name, type }) => {
    if (isInteger(type)) return `CAST(${quoted(name)} AS TEXT)`
    return isBlob(type) ? `hex(${quoted(name)})` : quoted(name)
  })
  // hex(NULL) is an empty text: a flag beside it tells them apart.
  const nulls = columns.filter(({ type }) => isBlob(type)).map(({ name }) => `${quoted(name)} IS NULL`)
  return `json_array(${[...values, ...nulls].join(', ')})`
}

/**
 * How a table is walked in the order of its key, within its scope: `?1` is the scope's value, `?2` the last key as JSON
 * and `?3` the rows at most.
 */
export function walk(table: TableShape & { scope?: string }, isFirst: boolean) {
  const rest = table.scope === undefined ? table.key : table.key.slice(1)
  const types = new Map(table.columns.map(({ name, type }) => [name, type]))
  const integer = (name: string) => isInteger(types.get(name) ?? '')
  const last = rest.map((name, i) => (integer(name) ? `CAST(?2 ->> ${i} AS INTEGER)` : `?2 ->> ${i}`))
  const names = rest.map(quoted).join(', ')
  // Every parameter has its place in each statement.
  const scope = table.scope === undefined ? '?1 IS ?1' : `${quoted(table.scope)} = ?1`
  const after = isFirst ? '?2 IS NULL' : `(${names}) > (${last.join(', ')})`
  const order = (way: string) => (rest.length === 0 ? '' : ` ORDER BY ${rest.map((n) => quoted(n) + way).join(', ')}`)
  const key = `json_array(${rest.map((n) => (integer(n) ? `CAST(${quoted(n)} AS TEXT)` : quoted(n))).join(', ')})`
  return { from: `FROM ${quoted(table.name)} WHERE ${scope} AND ${after}${order('')} LIMIT ?3`, key, order }
}

/**
 * One page in the order of the key, until it is full: `?1` is the scope's value or unused, `?2` the last key or NULL
 * at first, `?3` rows and `?4` characters at most. Answers `row`, `key`, and `total`, the
 * rows that there were without the limit of characters.
 */
export function pageSql(table: TableShape & { scope?: string }, isFirst: boolean): string {
  const { from, key } = walk(table, isFirst)
  return `SELECT row, key, total FROM (SELECT row, key, count(*) OVER () AS total, row_number() OVER () AS n, sum(length(row)) OVER (ROWS UNBOUNDED PRECEDING) AS chars
    FROM (SELECT ${tupleSql(table)} AS row, ${key} AS key ${from})) WHERE n = 1 OR chars <= ?4`
}

/** The rows of these keys, which are given in `?1` as a JSON array of arrays in the order of `by`. */
export function rowsByKeySql(table: TableShape, by: readonly string[]): string {
  const on = by.map((name, i) => `t.${quoted(name)} = k.value ->> ${i}`).join(' AND ')
  return `SELECT ${tupleSql(table)} AS row FROM json_each(?1) k CROSS JOIN ${quoted(table.name)} t ON ${on}`
}

/** Writes tuples of `?1`, a JSON array of them; a row that is there is replaced. */
export function writeSql(table: TableShape): string {
  let flag = table.columns.length
  const values = table.columns.map(({ type }, i) => {
    if (isInteger(type)) return `CAST(value ->> ${i} AS INTEGER)`
    return isBlob(type) ? `CASE WHEN value ->> ${flag++} THEN NULL ELSE unhex(value ->> ${i}) END` : `value ->> ${i}`
  })
  const names = table.columns.map(({ name }) => quoted(name)).join(', ')
  return `INSERT OR REPLACE INTO ${quoted(table.name)} (${names}) SELECT ${values.join(', ')} FROM jsonb_each(jsonb(?1)) WHERE true`
}

/**
 * Rows and checksums of one page, and the key that it ends at. A sum of each number; of text its length and some of
 * its characters, so that a changed row is noticed as well as a missing one.
 */
export function digestSql(table: TableShape & { scope?: string }, isFirst: boolean): string {
  const { from, key, order } = walk(table, isFirst)
  const sums = table.columns.map(({ name, type }) => {
    const q = quoted(name)
    const text = `length(${q}) * 8191 + coalesce(unicode(substr(${q}, -1)), 0) + coalesce(unicode(${q}), 0) * 257`
    const value = isInteger(type) ? q : isBlob(type) ? `length(${q})` : text
    return `CAST(coalesce(sum(${value}), 0) AS TEXT) AS ${quoted(`s_${name}`)}`
  })
  return `WITH page AS MATERIALIZED (SELECT * ${from})
    SELECT count(*) AS n, (SELECT ${key} FROM page${order(' DESC')} LIMIT 1) AS end, ${sums.join(', ')} FROM page`
}

/** Removes some of a tenant's rows: `?1` is the scope's value, `?2` how many at most. */
export function removeSql({ name, scope, key }: TenantTable): string {
  const names = key.map(quoted).join(', ')
  return `DELETE FROM ${quoted(name)} WHERE (${names}) IN (SELECT ${names} FROM ${quoted(name)} WHERE ${quoted(scope)} = ?1 LIMIT ?2)`
}
