import type { Kind } from '../contract/metrics.ts'

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
