import { createRequire } from 'node:module'
import { BLOB_COLUMNS, cellsOf, DATASET, DOUBLE_COLUMNS, type SqlEngine } from '../support/analytics-engine.ts'

/** As far as it is used here; its own types are there only where it is installed. */
interface Session {
  query(sql: string): string
  close(): void
}

/** ClickHouse in this process, null where it is not installed. */
export function clickhouseEngine(): (() => SqlEngine) | null {
  const require = createRequire(import.meta.url)
  let path: string
  try {
    path = require.resolve('chdb')
  } catch {
    return null
  }
  const { Session } = require(path) as { Session: new () => Session }
  return () => engineOver(new Session())
}

function engineOver(session: Session): SqlEngine {
  const columns = ['timestamp', '_sample_interval', 'index1', ...BLOB_COLUMNS, ...DOUBLE_COLUMNS]
  const types = [
    'DateTime',
    'UInt32',
    'String',
    ...BLOB_COLUMNS.map(() => 'String'),
    ...DOUBLE_COLUMNS.map(() => 'Float64'),
  ]
  session.query(
    `CREATE TABLE ${DATASET} (${columns.map((name, i) => `${name} ${types[i] ?? ''}`).join(', ')}) ENGINE = Memory`,
  )
  return {
    load(points) {
      const rows = points.map((point) => JSON.stringify(cellsOf(point)))
      session.query(`INSERT INTO ${DATASET} FORMAT JSONCompactEachRow\n${rows.join('\n')}`)
    },
    run: (sql) => session.query(sql),
    close: () => session.close(),
  }
}
