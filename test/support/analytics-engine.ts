import { DatabaseSync } from 'node:sqlite'
import { BLOBS_MAX, DOUBLES_MAX } from '../../workers/adapters/metrics/analytics-engine/columns.ts'

/** A data point as it lies in the dataset. */
export interface StoredPoint {
  /** Epoch milliseconds. */
  written_ms: number
  sample_interval: number
  point: AnalyticsEngineDataPoint
}

/** What evaluates the statements that the reader sends: a table with Analytics Engine's columns. */
export interface SqlEngine {
  load(points: readonly StoredPoint[]): void
  /** The answer's body, of `FORMAT JSON`. */
  run(sql: string): string
  close(): void
}

export const DATASET = 'agentops_events'
const range = (name: string, count: number) => Array.from({ length: count }, (_, i) => `${name}${i + 1}`)
export const BLOB_COLUMNS = range('blob', BLOBS_MAX)
export const DOUBLE_COLUMNS = range('double', DOUBLES_MAX)

const textOf = (value: unknown) => (typeof value === 'string' ? value : '')

/** A point's cells: timestamp in seconds, sample interval, index, blobs, doubles; what was not written is empty. */
export function cellsOf({ written_ms, sample_interval, point }: StoredPoint): (string | number)[] {
  const { indexes = [], blobs = [], doubles = [] } = point
  return [
    Math.floor(written_ms / 1000),
    sample_interval,
    textOf(indexes[0]),
    ...BLOB_COLUMNS.map((_, i) => textOf(blobs[i])),
    ...DOUBLE_COLUMNS.map((_, i) => doubles[i] ?? 0),
  ]
}

/**
 * SQLite in the place of Analytics Engine. Statements run as they are sent, but for the two pairs of parentheses of
 * the percentile and the output format; the few functions that SQLite lacks are added, and `quantileExactWeighted`
 * takes ClickHouse's rank: the first value at which the weights sum up to the quantile's share of them.
 */
export function sqliteEngine(): SqlEngine {
  const db = new DatabaseSync(':memory:')
  const columns = [
    'timestamp INTEGER',
    '_sample_interval INTEGER',
    'index1 TEXT',
    ...BLOB_COLUMNS.map((name) => `${name} TEXT`),
    ...DOUBLE_COLUMNS.map((name) => `${name} REAL`),
  ]
  db.exec(`CREATE TABLE ${DATASET} (${columns.join(', ')})`)
  db.function('toDateTime', (seconds) => seconds)
  db.function('toUInt32', (value) => Math.trunc(Number(value)))
  // Its types know no state but SQL values.
  db.aggregate('quantileExactWeighted', weightedQuantile as unknown as Parameters<typeof db.aggregate>[1])
  return {
    load(points) {
      const insert = db.prepare(`INSERT INTO ${DATASET} VALUES (${columns.map(() => '?').join(', ')})`)
      db.exec('BEGIN')
      for (const point of points) insert.run(...cellsOf(point))
      db.exec('COMMIT')
    },
    run(sql) {
      const rows = db
        .prepare(
          sql
            .replace(/\nFORMAT JSON$/, '')
            .replace(/quantileExactWeighted\(([\d.]+)\)\(/g, 'quantileExactWeighted($1, '),
        )
        .all()
      // Large integers are text, as in ClickHouse's JSON.
      const data = rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            INTEGERS.has(name) && value !== null ? String(value) : value,
          ]),
        ),
      )
      return JSON.stringify({ meta: [], data, rows: data.length })
    },
    close: () => db.close(),
  }
}

interface Weighted {
  q: number
  values: [value: number, weight: number][]
}

const weightedQuantile = {
  start: (): Weighted => ({ q: 0, values: [] }),
  step: (state: Weighted, q: number, value: number, weight: number): Weighted => {
    if (!Number.isInteger(weight) || weight < 0) throw new Error('a weight is an unsigned integer')
    state.q = q
    state.values.push([value, weight])
    return state
  },
  result: ({ q, values }: Weighted): number | null => {
    const sorted = values.sort((a, b) => a[0] - b[0])
    const share = Math.ceil(q * sorted.reduce((sum, [, weight]) => sum + weight, 0))
    let seen = 0
    return sorted.find(([, weight]) => (seen += weight) >= share)?.[0] ?? null
  },
}

const INTEGERS = new Set(['sample_interval', 'found'])

/** Cloudflare's SQL API with an engine behind it; keeps what it was sent. */
export function sqlApi(engine: Pick<SqlEngine, 'run'>): {
  fetch: typeof fetch
  sent: { url: string; init: RequestInit }[]
} {
  const sent: { url: string; init: RequestInit }[] = []
  return {
    sent,
    fetch: async (input, init = {}) => {
      sent.push({ url: input instanceof Request ? input.url : input.toString(), init })
      return new Response(engine.run(textOf(init.body)), { headers: { 'content-type': 'application/json' } })
    },
  }
}
