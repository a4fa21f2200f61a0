import type { Kind } from '../contract/metrics.ts'
import { mergeInto } from './histogram.ts'
import { GROUP_DIMENSIONS, type CountTuple, type GroupKey, type Histogram, type MoneyTuple } from './rollup-row.ts'

/** A row of sums over a time bucket. Costs are whole nano-dollars. */
export interface RollupRow extends GroupKey {
  kind: Kind
  bucket_ms: number
  project_id: string
  workspace_id: string
  n: number
  errors: number
  successes: number
  cost_nanousd: number
  paid: number
  unpriced: number
  tokens_prompt: number
  tokens_completion: number
  tokens_cached: number
  tokens_cache_write: number
  tokens_reasoning: number
  latency_sum_ms: number
  latency_n: number
  latency_hist: Histogram
}

export interface DeltaGroups {
  project_id: string
  workspace_id: string
  counts: CountTuple[]
  money: MoneyTuple[]
}

export const HOUR_MS = 3_600_000

/** Sums deltas into one row per kind, bucket, project and dimensions. Money also counts for `total` and its user. */
export function mergeDeltas(deltas: readonly DeltaGroups[], bucketMs: number): RollupRow[] {
  const rows = new Map<string, RollupRow>()
  for (const delta of deltas) {
    for (const tuple of delta.counts) addCount(rowFor(rows, delta, tuple[0], tuple[1], bucketMs, tuple.slice(2, 14) as string[]), tuple)
    for (const tuple of delta.money) {
      const [kind, minute, environment] = tuple
      const dimensions = [...(tuple.slice(2, 12) as string[]), '', '']
      const user = tuple[11]
      addMoney(rowFor(rows, delta, kind, minute, bucketMs, dimensions), tuple)
      addMoney(rowFor(rows, delta, 'total', minute, bucketMs, [environment, ...Array.from({ length: 11 }, () => '')]), tuple)
      // The empty user holds what no user is named for, so that users sum up to everything.
      addMoney(rowFor(rows, delta, 'user', minute, bucketMs, [environment, '', '', '', '', '', '', '', '', user, '', '']), tuple)
    }
  }
  return [...rows.values()]
}

function rowFor(rows: Map<string, RollupRow>, delta: DeltaGroups, kind: Kind, minute: number, bucketMs: number, dimensions: string[]): RollupRow {
  const bucket = Math.floor(minute / bucketMs) * bucketMs
  const key = `${kind}\n${bucket}\n${delta.project_id}\n${dimensions.join('\n')}`
  let row = rows.get(key)
  if (row === undefined) {
    const group = Object.fromEntries(GROUP_DIMENSIONS.map((name, i) => [name, dimensions[i] ?? ''])) as GroupKey
    row = {
      kind, bucket_ms: bucket, project_id: delta.project_id, workspace_id: delta.workspace_id, ...group, n: 0, errors: 0, successes: 0,
      cost_nanousd: 0, paid: 0, unpriced: 0, tokens_prompt: 0, tokens_completion: 0, tokens_cached: 0, tokens_cache_write: 0,
      tokens_reasoning: 0, latency_sum_ms: 0, latency_n: 0, latency_hist: {},
    }
    rows.set(key, row)
  }
  return row
}

function addCount(row: RollupRow, tuple: CountTuple): void {
  row.n += tuple[14]
  row.errors += tuple[15]
  row.successes += tuple[16]
  row.latency_sum_ms += tuple[17]
  row.latency_n += tuple[18]
  mergeInto(row.latency_hist, tuple[19])
}

function addMoney(row: RollupRow, tuple: MoneyTuple): void {
  row.cost_nanousd += tuple[12]
  row.paid += tuple[13]
  row.unpriced += tuple[14]
  row.tokens_prompt += tuple[15]
  row.tokens_completion += tuple[16]
  row.tokens_cached += tuple[17]
  row.tokens_cache_write += tuple[18]
  row.tokens_reasoning += tuple[19]
}
