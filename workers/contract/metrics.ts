import * as z from 'zod'
import { Problem } from './problem.ts'

/** What operation a row counts. A query names one, or leaves it to its measures. */
export const KINDS = [
  'request',
  'llm',
  'tool',
  'step',
  'retry',
  'fallback',
  'policy',
  'user',
  'total',
  /** Whole traces, by the hour in which they began; their outcomes may be revised, so these sums can change later. */
  'trace',
  'score',
  'egress',
  'pii',
  'queue',
  'leak',
] as const
export type Kind = (typeof KINDS)[number]

/** Ways in which money leaks; what each is and its formula: docs/leaks.md. */
export const LEAKS = ['failed_call', 'retry', 'loop', 'repeated_tool', 'oversized_context'] as const
export type Leak = (typeof LEAKS)[number]

/** Columns that a query may group by and filter on. */
export const DIMENSIONS = [
  'workspace_id',
  'project_id',
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
  /** Of traces: `success`, `failure`, or nothing where nobody said. */
  'outcome',
  'policy_id',
  'policy_result',
  'score_name',
  'egress_host',
  'pii_type',
  'leak',
] as const
export const Dimension = z.enum(DIMENSIONS)
export type Dimension = z.infer<typeof Dimension>

/**
 * What a query may ask for. Units are in the name: `_ms`, `_usd` (a decimal string), `_rate` (0 to 1). Scores and
 * values (`value_…`, of kind queue: how deep it was) are in the unit in which they were sent; `concurrency_avg` is how
 * many operations ran at once, on average.
 */
export const MEASURES = [
  'count',
  'errors',
  'successes',
  'success_rate',
  'error_rate',
  'cost_usd',
  'unpriced',
  'tokens_prompt',
  'tokens_completion',
  'tokens_total',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
  'cache_hit_rate',
  'latency_avg_ms',
  'latency_p50_ms',
  'latency_p90_ms',
  'latency_p99_ms',
  'latency_count',
  'latency_within_rate',
  'latency_histogram',
  'unique_users',
  'unique_agents',
  /** All cost by the number of successes, or of all operations; null where that is nothing. */
  'cost_per_success_usd',
  'cost_avg_usd',
  'concurrency_avg',
  'score_avg',
  'score_stddev',
  'pii_detected',
  'pii_redacted',
  'value_avg',
  'value_p50',
  'value_p90',
  'value_p99',
] as const
export const Measure = z.enum(MEASURES)
export type Measure = z.infer<typeof Measure>

export const STEPS = ['minute', 'hour', 'day', 'total'] as const

const WITHIN_MS_MAX = 86_400_000

export const MetricsQuery = z.object({
  kind: z.enum(KINDS).default('request').meta({ description: 'Which operations are counted' }),
  measures: z.array(Measure).min(1).max(MEASURES.length),
  /** Latencies are kept to two percent: those within two percent of the limit may fall on either side of it. */
  within_ms: z.number().min(1).max(WITHIN_MS_MAX).optional().meta({
    description:
      'What latency_within_rate counts as within, in milliseconds. Latencies that differ from it by less than 2 % may be counted on either side',
  }),
  dimensions: z.array(Dimension).max(3).default([]),
  filters: z
    .array(
      z.object({
        dimension: Dimension,
        op: z.enum(['eq', 'neq']).default('eq'),
        values: z.array(z.string().max(200)).min(1).max(50),
      }),
    )
    .max(14)
    .default([]),
  /** Inclusive start and exclusive end, RFC 3339. */
  from: z.iso.datetime({ offset: true }),
  to: z.iso.datetime({ offset: true }),
  step: z.enum(STEPS).default('total'),
  /** IANA zone that days are cut in. */
  time_zone: z.string().max(64).default('UTC'),
  order: z
    .object({
      by: z.union([Measure, Dimension, z.literal('time')]),
      direction: z.enum(['asc', 'desc']).default('desc'),
    })
    .optional(),
  limit: z.number().int().min(1).max(5000).default(1000),
})
export type MetricsQuery = z.infer<typeof MetricsQuery>

/** What `latency_histogram` answers: of each bin that holds any, its edges (above the first, up to the second) and how many. */
export const LatencyBins = z.array(z.tuple([z.number(), z.number(), z.number()]))
export type LatencyBins = z.infer<typeof LatencyBins>

/** One row: `time` (bucket start, RFC 3339) unless step is total, each dimension, each measure. */
export const MetricsRow = z.record(z.string(), z.union([z.string(), z.number(), z.null(), LatencyBins]))
export type MetricsRow = z.infer<typeof MetricsRow>

export const MetricsAnswer = z.object({
  data: z.array(MetricsRow),
  meta: z.object({
    approximate: z.boolean(),
    sampled: z.boolean(),
    back_end: z.enum(['d1', 'analytics_engine']),
    truncated: z.boolean(),
    /** What was really read: ends older than three days are cut to the hour. */
    from: z.string().optional(),
    to: z.string().optional(),
  }),
})
export type MetricsAnswer = z.infer<typeof MetricsAnswer>

/** Questions of one call. */
export const QUERIES_MAX = 24

export const MetricsQueries = z.object({ queries: z.array(MetricsQuery).min(1).max(QUERIES_MAX) })

/** In the order of the questions. */
export const MetricsAnswers = z.object({
  answers: z.array(z.union([z.object({ answer: MetricsAnswer }), z.object({ problem: Problem })])),
})
export type MetricsAnswers = z.infer<typeof MetricsAnswers>
