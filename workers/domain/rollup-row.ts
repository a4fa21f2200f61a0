import type { Dimension, Kind } from '../contract/metrics.ts'

/**
 * A count group in `delta.counts`, as a tuple to keep the row small:
 * kind, minute, then the dimensions in this order, then the measures.
 */
export const GROUP_DIMENSIONS = [
  'environment',
  'agent_id',
  'workflow_id',
  'workflow_version',
  'step',
  'provider',
  'model',
  'prompt_version',
  'tool_name',
  'user_id',
  'status',
  'error_type',
] as const
export type GroupDimension = (typeof GROUP_DIMENSIONS)[number]
export type GroupKey = Record<GroupDimension, string>

/** A column that rows are told apart by. */
export type RowColumn = GroupDimension | 'workspace_id' | 'project_id'

/**
 * What some kinds know lies in a text column that is free for them: no fact widens the key of all rows. Sums have
 * such places too. A `score` keeps the sum of its values in `latency_sum_ms` and of their squares in `successes`, both
 * in millionths; `pii` what was detected in `errors` and redacted in `successes`; `queue` its depths as latencies.
 */
const STORED_AS: Partial<Record<Kind, Partial<Record<Dimension, GroupDimension>>>> = {
  policy: { policy_id: 'tool_name', policy_result: 'status' },
  trace: { outcome: 'step' },
  score: { score_name: 'tool_name' },
  egress: { egress_host: 'model' },
  pii: { pii_type: 'model' },
  leak: { leak: 'prompt_version' },
}

/** The column of rows of a kind in which a dimension that they carry lies. */
export function columnOf(kind: Kind, dimension: Dimension): RowColumn {
  return STORED_AS[kind]?.[dimension] ?? (dimension as RowColumn)
}

/** Latency histogram: log bucket → count (domain/histogram.ts). */
export type Histogram = Record<string, number>

/** [kind, minute_ms, ...GROUP_DIMENSIONS (12), n, errors, successes, latency_sum_ms, latency_n, histogram] */
export type CountTuple = [
  Kind,
  number,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  number,
  number,
  number,
  number,
  number,
  Histogram,
]

/**
 * A money group in `delta.money`, written by SQL from new ledger rows:
 * [kind, minute_ms, ...GROUP_DIMENSIONS without status and error_type (10), cost_nanousd, paid, unpriced,
 *  tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning]
 */
export type MoneyTuple = [
  Kind,
  number,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** Count groups in the making. */
export type CountGroups = Map<string, CountTuple>

/** The group of a kind, minute and dimensions; made when there is none. */
export function groupAt(groups: CountGroups, kind: Kind, minute: number, d: GroupValues): CountTuple {
  // An id that holds a NUL could only mix groups of its own project.
  const key = `${kind}\0${minute}\0${d.join('\0')}`
  let tuple = groups.get(key)
  if (tuple === undefined) {
    tuple = [kind, minute, ...d, 0, 0, 0, 0, 0, {}]
    groups.set(key, tuple)
  }
  return tuple
}

/** Values of GROUP_DIMENSIONS, in their order. */
export type GroupValues = [
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
  string,
]

const MINUTE_MS = 60_000
export const minuteOf = (ms: number) => ms - (ms % MINUTE_MS)
