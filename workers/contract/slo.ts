import { z } from 'zod'
import { MetricsQuery } from './metrics.ts'
import type { Tenant } from './tenant.ts'

/** Service level objectives, after the Site Reliability Workbook (Google, chapter 5). */

const NAME_CHARS_MAX = 120
const ID_CHARS_MAX = 100
const CHANNELS_MAX = 20

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
    .meta({ description: 'Operations that took at most so long, of all' }),
  z
    .object({ type: z.literal('budget_variance'), budget_id: id, tolerance: z.number().min(0).max(1).default(0.05) })
    .meta({
      description: 'Spend of a budget against what is planned for its period, or its limit; tolerance 0.05 is 5 % over',
    }),
])
export type Indicator = z.infer<typeof Indicator>

const shape = {
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  indicator: Indicator,
  objective: z
    .number()
    .gt(0)
    .lt(1)
    .meta({ description: 'The share that must be good, like 0.995. A budget variance has its tolerance instead' }),
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

export const SloUpdate = z.object(shape).partial()
export type SloUpdate = z.infer<typeof SloUpdate>

export const SloStatus = z.object({
  sli: z.number().nullable().meta({ description: 'The share that was good over the window; null without data' }),
  good: z.number(),
  total: z.number(),
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
        firing: z.boolean(),
      }),
    )
    .meta({ description: 'How many times faster than allowed the error budget is used' }),
  exhausted_at: z
    .string()
    .nullable()
    .meta({ description: 'When nothing is left, at the rate of the longest window; null when not within the window' }),
  evaluated_at: z.string(),
  detail: z.string(),
})
export type SloStatus = z.infer<typeof SloStatus>

export const Slo = z.object({
  ...shape,
  id: z.string(),
  rule_id: z.string().nullable().meta({ description: 'The alert rule that goes with it' }),
  status: SloStatus.nullable(),
  created_at: z.string(),
})
export type Slo = z.infer<typeof Slo>

/** Of OrgAlerts, what the api calls about objectives. */
export interface SlosRpc {
  slos(): Promise<Slo[]>
  slo(id: string): Promise<Slo | null>
  createSlo(tenant: Tenant, ids: { slo: string; rule: string }, zone: string, input: SloCreate): Promise<Slo>
  updateSlo(tenant: Tenant, id: string, ruleId: string, change: SloUpdate): Promise<Slo | null>
  removeSlo(id: string): Promise<boolean>
}
