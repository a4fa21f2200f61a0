import type { Kind } from '../../../contract/metrics.ts'
import { GROUP_DIMENSIONS } from '../../../domain/rollup-row.ts'

/**
 * Logical column → position in an Analytics Engine data point. Writer and reader both build from this map.
 * Columns may be added, never moved: stored points keep their positions.
 */
export const BLOBS = ['kind', 'project_id', 'workspace_id', ...GROUP_DIMENSIONS] as const
export const DOUBLES = [
  'minute_ms',
  'n',
  'errors',
  'successes',
  'latency_sum_ms',
  'latency_n',
  'latency_ms',
  'cost_nanousd',
  'paid',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'latency_weight',
  'stands_for',
] as const

export type Blob = (typeof BLOBS)[number]
export type Double = (typeof DOUBLES)[number]

export const blob = (name: Blob) => `blob${BLOBS.indexOf(name) + 1}`
export const double = (name: Double) => `double${DOUBLES.indexOf(name) + 1}`

/**
 * Kinds that points are written of. Users are not: points cannot be deleted, and people can ask to be forgotten. What
 * events tell besides (domain/facts.ts) and leaks are not, which are exact or nothing, and few rows of D1.
 */
export const ANALYTICS_KINDS: readonly Kind[] = [
  'request',
  'llm',
  'tool',
  'step',
  'retry',
  'fallback',
  'policy',
  'total',
]

/** Further latencies of a group lie in points of this kind, which count nothing. */
export const latencyKind = (kind: string) => `${kind}.latency`

/** Platform limits: Workers Analytics Engine, "Limits". */
export const BLOBS_MAX = 20
export const DOUBLES_MAX = 20
export const INDEX_BYTES_MAX = 96
export const BLOBS_BYTES_MAX = 16_000
export const POINTS_PER_INVOCATION_MAX = 250
/** What the SQL API takes; not in its documentation, its error says so. */
export const SQL_CHARS_MAX = 10_000
