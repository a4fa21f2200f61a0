import type { Kind } from '../contract/metrics.ts'
import { mergeInto } from './histogram.ts'
import { GROUP_DIMENSIONS, type CountTuple, type GroupKey, type Histogram, type MoneyTuple } from './rollup-row.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** A row of sums over a time bucket. Costs are whole nano-dollars. */
export interface RollupRow extends GroupKey {
  kind: Kind
  bucket_ms: number
  project_id: string
  workspace_id: string
  n: number
  errors: number
  successes: number
  cost_nanousd: bigint
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

/** Whose groups they are. */
export interface Place {
  project_id: string
  workspace_id: string
}

/**
 * Reads `delta.money`. An amount past 2^53 would lose digits as a number: it stays a string, which only
 * DeltaMerge ever looks at.
 */
export function parseMoney(json: string): MoneyTuple[] {
  return (/\d{16}/.test(json) ? JSON.parse(json, exactCost) : JSON.parse(json)) as MoneyTuple[]
}

const COST_AT = '12'

function exactCost(key: string, value: unknown, ...context: { source?: string }[]): unknown {
  const unsafe = key === COST_AT && typeof value === 'number' && !Number.isSafeInteger(value)
  return unsafe ? context[0]?.source : value
}

/**
 * Sums deltas into one row per kind, bucket, project and dimensions. Money also counts for `total` and its user. It
 * has no status, so it rides on a row of its group that counts something, to save a row: give all counts first.
 */
export class DeltaMerge {
  private readonly sums: Rows

  constructor(bucketMs: number) {
    this.sums = new Rows(bucketMs)
  }

  addCounts(place: Place, counts: readonly CountTuple[]): void {
    for (const tuple of counts) addCount(this.sums.at(place, tuple[0], tuple[1], tuple.slice(2, 14) as string[]), tuple)
  }

  addMoney(place: Place, money: readonly MoneyTuple[]): void {
    for (const tuple of money) {
      const [kind, minute, environment] = tuple
      const user = tuple[11]
      addMoney(this.sums.carrying(place, kind, minute, moneyDimensions(tuple)), tuple)
      // Counted already, under the kind of what was paid for.
      if (kind === 'leak') continue
      addMoney(this.sums.carrying(place, 'total', minute, [environment]), tuple)
      if (user !== '')
        addMoney(this.sums.carrying(place, 'user', minute, [environment, '', '', '', '', '', '', '', '', user]), tuple)
    }
  }

  rows(): RollupRow[] {
    return this.sums.all()
  }
}

/** Users have rows of their own, and a group keeps what its kind counts by; provider and model it always keeps. */
function moneyDimensions(tuple: MoneyTuple): string[] {
  const [kind, , environment, agent, workflow, version, step, provider, model, prompt, tool] = tuple
  const stepped = kind === 'llm' || kind === 'step' || kind === 'tool' || kind === 'leak'
  return [
    environment,
    agent,
    workflow,
    version,
    stepped ? step : '',
    provider,
    model,
    kind === 'llm' || kind === 'leak' ? prompt : '',
    kind === 'tool' || kind === 'leak' ? tool : '',
    '',
  ]
}

class Rows {
  private readonly bucketMs: number
  private readonly rows = new Map<string, RollupRow>()
  /** Group without status and error → the row that carries its money. */
  private readonly carriers = new Map<string, RollupRow>()

  constructor(bucketMs: number) {
    this.bucketMs = bucketMs
  }

  all(): RollupRow[] {
    return [...this.rows.values()]
  }

  at(place: Place, kind: Kind, minute: number, dimensions: readonly string[]): RollupRow {
    const bucket = Math.floor(minute / this.bucketMs) * this.bucketMs
    const group = `${kind}\0${bucket}\0${place.project_id}\0${Array.from({ length: 10 }, (_, i) => dimensions[i] ?? '').join('\0')}`
    const status = dimensions[10] ?? ''
    const key = `${group}\0${status}\0${dimensions[11] ?? ''}`
    const known = this.rows.get(key)
    if (known !== undefined) return known
    const row = emptyRow(kind, bucket, place, dimensions)
    this.rows.set(key, row)
    if (status === 'ok' || !this.carriers.has(group)) this.carriers.set(group, row)
    return row
  }

  carrying(place: Place, kind: Kind, minute: number, dimensions: readonly string[]): RollupRow {
    const bucket = Math.floor(minute / this.bucketMs) * this.bucketMs
    const group = `${kind}\0${bucket}\0${place.project_id}\0${Array.from({ length: 10 }, (_, i) => dimensions[i] ?? '').join('\0')}`
    return this.carriers.get(group) ?? this.at(place, kind, minute, dimensions)
  }
}

function emptyRow(kind: Kind, bucket_ms: number, place: Place, dimensions: readonly string[]): RollupRow {
  const group = Object.fromEntries(GROUP_DIMENSIONS.map((name, i) => [name, dimensions[i] ?? ''])) as GroupKey
  return {
    kind,
    bucket_ms,
    project_id: place.project_id,
    workspace_id: place.workspace_id,
    ...group,
    n: 0,
    errors: 0,
    successes: 0,
    cost_nanousd: 0n,
    paid: 0,
    unpriced: 0,
    tokens_prompt: 0,
    tokens_completion: 0,
    tokens_cached: 0,
    tokens_cache_write: 0,
    tokens_reasoning: 0,
    latency_sum_ms: 0,
    latency_n: 0,
    latency_hist: {},
  }
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
  row.cost_nanousd += BigInt(tuple[12])
  row.paid += tuple[13]
  row.unpriced += tuple[14]
  row.tokens_prompt += tuple[15]
  row.tokens_completion += tuple[16]
  row.tokens_cached += tuple[17]
  row.tokens_cache_write += tuple[18]
  row.tokens_reasoning += tuple[19]
}
