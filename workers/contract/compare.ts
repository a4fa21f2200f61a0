import * as z from 'zod'
import { UsdString } from './api.ts'

/** What runs are told apart by. */
export const COMPARED = ['workflow_version', 'prompt_version', 'model'] as const
export type Compared = (typeof COMPARED)[number]
/** Fewer runs than this of either side are judged by no verdict. */
export const COMPARED_RUNS_MIN = 30
/** The newest of each side that are looked at. */
export const COMPARED_RUNS_MAX = 5_000

const range = {
  from: z.iso.datetime({ offset: true }).optional().meta({ description: 'Thirty days ago, unless it is given' }),
  to: z.iso.datetime({ offset: true }).optional(),
  project: z.string().max(100).optional(),
}

export const CompareQuery = z.object({
  dimension: z.enum(COMPARED).default('workflow_version'),
  workflow: z.string().min(1).max(200),
  a: z.string().max(200).meta({ description: 'What is compared with; empty for runs that name none' }),
  b: z.string().max(200),
  ...range,
})
export type CompareQuery = z.infer<typeof CompareQuery>

const Share = z.object({ value: z.number(), low: z.number(), high: z.number() })

const ComparedSide = z.object({
  value: z.string(),
  /** Runs that have ended, of which everything here is told. */
  runs: z.number().int(),
  unfinished: z.number().int(),
  /** Whether older runs of the range were left out. */
  sampled: z.boolean(),
  successes: z.number().int(),
  success_rate: Share.nullable().meta({ description: 'With its 95 % interval (Wilson)' }),
  cost_avg_usd: UsdString.nullable(),
  latency_p50_ms: z.number().nullable(),
  latency_p90_ms: z.number().nullable(),
})
export type ComparedSide = z.infer<typeof ComparedSide>

/** `b` against `a`; a verdict only where the data carry one (docs/decisions/0021-outcomes-and-whole-traces.md). */
export const VERDICTS = ['better', 'worse', 'no_difference_shown', 'too_few'] as const
export type Verdict = (typeof VERDICTS)[number]

const Difference = <M extends string, T extends z.ZodType>(measure: M, amount: T) =>
  z.object({
    measure: z.literal(measure),
    /** b − a, with the ends of its 95 % interval. */
    difference: amount.nullable(),
    low: amount.nullable(),
    high: amount.nullable(),
    verdict: z.enum(VERDICTS),
  })

const ScoredSide = z.object({ values: z.number().int(), mean: z.number() })

const ScoreDifference = z.object({
  score: z.string(),
  a: ScoredSide,
  b: ScoredSide,
  difference: z.number(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  /** More is better. */
  verdict: z.enum(VERDICTS),
})
export type ScoreDifference = z.infer<typeof ScoreDifference>

export const Comparison = z.object({
  dimension: z.enum(COMPARED),
  workflow: z.string(),
  from: z.string(),
  to: z.string(),
  a: ComparedSide,
  b: ComparedSide,
  mixed: z.number().int().meta({ description: 'Runs that used both: they are of neither side' }),
  differences: z.object({
    success_rate: Difference('success_rate', z.number()),
    cost_avg_usd: Difference('cost_avg_usd', UsdString),
    latency_p50_ms: Difference('latency_p50_ms', z.number()),
    latency_p90_ms: Difference('latency_p90_ms', z.number()),
  }),
  scores: z
    .array(ScoreDifference)
    .meta({ description: 'Scores of events that name what is compared, by the whole hour' }),
})
export type Comparison = z.infer<typeof Comparison>

/** The newest traces that sessions are made of, to the hour. */
export const SESSION_TRACES_MAX = 100_000

export const SessionsQuery = z.object({ workflow: z.string().min(1).max(200).optional(), ...range })

const SessionSums = z.object({
  sessions: z.number().int(),
  /** From the start of a session's first request to the end of its last. */
  length_avg_ms: z.number().nullable(),
  length_p50_ms: z.number().nullable(),
  requests_avg: z.number().nullable(),
})
export type SessionSums = z.infer<typeof SessionSums>

export const Sessions = z.object({
  /** Most sessions first. A session with requests of several workflows is in each of them, with those only. */
  data: z.array(SessionSums.extend({ workflow_id: z.string() })),
  total: SessionSums,
  from: z.string().meta({ description: 'Since when requests were looked at: later than asked for where sampled' }),
  to: z.string(),
  sampled: z.boolean(),
})
export type Sessions = z.infer<typeof Sessions>
