import * as z from 'zod'
import { MetricsQuery } from './metrics.ts'
import type { Tenant } from './tenant.ts'

/** Service level objectives, after the Site Reliability Workbook (Google, chapter 5). */

const NAME_CHARS_MAX = 120
const ID_CHARS_MAX = 100
const CHANNELS_MAX = 20
/** Of a budget's plan, how much more may be spent. */
const TOLERANCE_MIN = 0.001
const TOLERANCE_MAX = 0.9
/** Closer to 1 no operation may fail for weeks. */
const OBJECTIVE_MAX = 0.99999

const id = z.string().min(1).max(ID_CHARS_MAX)
const filters = MetricsQuery.shape.filters

/** Which burn-rate alerts an objective has: the fast windows (page), the slow ones (ticket), or both. */
export const SLO_ALERTS = ['fast', 'slow', 'both'] as const

/** What is good and what counts. */
export const Indicator = z.discriminatedUnion('type', [
  z
    .object({
      type: z.literal('success_rate'),
      kind: z.enum(['request', 'llm', 'tool', 'step']).default('request'),
      filters,
    })
    .meta({ description: 'Operations that succeeded, of all' }),
  z
    .object({
      type: z.literal('latency'),
      kind: z.enum(['request', 'llm', 'tool', 'step']).default('request'),
      threshold_ms: z.number().min(1).max(86_400_000),
      filters,
    })
    .meta({ description: 'Operations that took at most so long, of those whose latency is known' }),
  z
    .object({
      type: z.literal('budget_variance'),
      budget_id: id,
      tolerance: z.number().min(TOLERANCE_MIN).max(TOLERANCE_MAX).default(0.05),
    })
    .meta({
      description:
        'Spend of a budget against what is planned for its month, or else its limit; tolerance 0.05 is 5 % over',
    }),
])
export type Indicator = z.infer<typeof Indicator>

const shape = {
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  indicator: Indicator,
  objective: z.number().min(0.1).max(OBJECTIVE_MAX).meta({
    description:
      'The share that must be good, like 0.995. For a budget variance it is what its tolerance leaves, whatever is given',
  }),
  window_days: z.union([z.literal(7), z.literal(28), z.literal(30)]),
  project_id: id.nullable().meta({ description: 'Only this project; null for all' }),
  alerts: z.enum(SLO_ALERTS).nullable().meta({ description: 'Null: it is shown, and tells nobody' }),
  channels: z.array(id).max(CHANNELS_MAX),
}

export const SloCreate = z.object({
  ...shape,
  objective: shape.objective.default(0.99),
  window_days: shape.window_days.default(28),
  project_id: shape.project_id.default(null),
  alerts: shape.alerts.default('both'),
  channels: shape.channels.default([]),
})
export type SloCreate = z.infer<typeof SloCreate>

/** Another indicator of the same type may be given; another type is another objective. */
export const SloUpdate = z.object(shape).partial()
export type SloUpdate = z.infer<typeof SloUpdate>

/** Why a window is not judged: nothing came, too little came, or there is too little history to know what is usual. */
export const UNJUDGED = ['no_data', 'too_few', 'too_little_history'] as const

export const SloStatus = z.object({
  sli: z.number().nullable().meta({ description: 'The share that was good over the window; null without data' }),
  good: z.number().nullable().meta({ description: 'Operations; null for a budget variance' }),
  total: z.number().nullable(),
  spend: z
    .object({ actual_usd: z.string(), planned_usd: z.string() })
    .nullable()
    .meta({ description: 'Of a budget variance: over the window, exact, and what was planned for it' }),
  budget_left: z.number().nullable().meta({ description: 'Of the error budget, 0 to 1; below 0 when it is overspent' }),
  burn: z
    .array(
      z.object({
        severity: z.enum(['critical', 'warning']),
        long_window_minutes: z.number(),
        short_window_minutes: z.number(),
        threshold: z.number(),
        long_rate: z.number().nullable(),
        short_rate: z.number().nullable(),
        firing: z.boolean().meta({ description: 'Both windows burn faster than the threshold' }),
        unjudged: z.enum(UNJUDGED).nullable(),
      }),
    )
    .meta({ description: 'How many times faster than allowed the error budget is used' }),
  exhausted_at: z.string().nullable().meta({
    description:
      'When nothing is left of the error budget, at the rate of the last six hours (of a window of 7 days, the last 84 minutes); null when that is not within the window, or nothing is left now',
  }),
  evaluated_at: z.string(),
  detail: z.string(),
})
export type SloStatus = z.infer<typeof SloStatus>

export const Slo = z.object({
  ...shape,
  id: z.string(),
  rule_id: z.string().nullable().meta({ description: 'The alert rule that goes with it' }),
  status: SloStatus.nullable().meta({ description: 'Null before the first evaluation' }),
  created_at: z.string(),
})
export type Slo = z.infer<typeof Slo>

/** One day of the window, in the organization's time zone. */
export const SloDay = z.object({
  from: z.string(),
  to: z.string(),
  sli: z.number().nullable().meta({ description: 'Of this day' }),
  budget_left: z
    .number()
    .nullable()
    .meta({ description: 'Of the error budget of the window that ends with this day, 1 at most; null without data' }),
})
export type SloDay = z.infer<typeof SloDay>

export const SloDetail = Slo.extend({ history: z.array(SloDay).meta({ description: 'The oldest day first' }) })
export type SloDetail = z.infer<typeof SloDetail>

export const SLOS_MAX = 100

/** Why an objective, or its alert rule, was not made: there are as many as there may be. */
export type TooMany = 'too_many_slos' | 'too_many_rules'

/** Of OrgAlerts, what the api calls about objectives. An objective with alerts has a rule, which follows it. */
export interface SlosRpc {
  slos(): Promise<Slo[]>
  /** Null for one that does not exist. */
  slo(id: string): Promise<Slo | null>
  createSlo(tenant: Tenant, ids: { slo: string; rule: string }, zone: string, input: SloCreate): Promise<Slo | TooMany>
  /** @param ids `rule` is for the rule that it gets when it had none. */
  updateSlo(ids: { slo: string; rule: string }, zone: string, change: SloUpdate): Promise<Slo | TooMany | null>
  removeSlo(id: string): Promise<boolean>
}
