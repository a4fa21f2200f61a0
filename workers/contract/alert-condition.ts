import * as z from 'zod'
import { Dimension, KINDS, Measure, MetricsQuery } from './metrics.ts'
import { SLO_ALERTS } from './slo.ts'

/** What a rule watches, and when that is worth telling. */

const ID_CHARS_MAX = 100
const DAY_MINUTES = 1440
const WEEK_MINUTES = 7 * DAY_MINUTES

const id = z.string().min(1).max(ID_CHARS_MAX)

/** What a rule watches: one measure of the metrics, told apart by at most two dimensions. */
export const Watched = z
  .object({
    // Traces are summed by the hour, and rules look at minutes.
    kind: z.enum(KINDS).exclude(['trace']).default('request').meta({ description: 'Which operations are counted' }),
    measure: Measure.exclude(['latency_histogram']),
    group_by: z.array(Dimension).max(2).default([]).meta({ description: 'Each value of these is judged by itself' }),
    filters: MetricsQuery.shape.filters,
    within_ms: MetricsQuery.shape.within_ms,
  })
  .refine(({ measure, within_ms }) => (measure === 'latency_within_rate') === (within_ms !== undefined), {
    message: 'is given with, and only with, latency_within_rate',
    path: ['within_ms'],
  })
  // Incidents and what is told of them outlive the data of a person who is erased.
  .refine(({ group_by }) => !group_by.includes('user_id'), { message: 'no rule tells users apart', path: ['group_by'] })
  .refine(({ filters }) => filters.every(({ dimension }) => dimension !== 'user_id'), {
    message: 'no rule watches one user: make a budget for that',
    path: ['filters'],
  })
export type Watched = z.infer<typeof Watched>

const minutes = (most: number) => z.number().int().min(1).max(most)

/** The value of the last minutes against fixed limits. */
const Threshold = z.object({
  type: z.literal('threshold'),
  watch: Watched,
  window_minutes: minutes(DAY_MINUTES),
  direction: z.enum(['above', 'below']),
  warning: z.number().nullable().default(null).meta({ description: 'In the unit of the measure; rates from 0 to 1' }),
  critical: z.number().nullable().default(null),
  min_count: z
    .number()
    .int()
    .min(0)
    .default(0)
    .meta({ description: 'Fewer operations than this in the window judge nothing' }),
})

/** The value of the last minutes against what the same hour of the week usually has. */
const Spike = z.object({
  type: z.literal('spike'),
  watch: Watched,
  window_minutes: minutes(DAY_MINUTES).default(60),
  direction: z.enum(['above', 'below']).default('above'),
  warning: z
    .number()
    .min(0)
    .nullable()
    .default(null)
    .meta({ description: 'Percent of change from the usual value; 100 is twice as much' }),
  critical: z.number().min(0).nullable().default(null),
  deviations: z
    .number()
    .min(0)
    .default(4)
    .meta({ description: 'How many robust standard deviations (1.4826 MAD) it must differ besides' }),
  min_value: z.number().min(0).default(0).meta({ description: 'Smaller values are no spike, however unusual' }),
})

/** Spend in the present period of budgets, in percent of the limit. */
const BudgetShare = z.object({
  type: z.literal('budget'),
  budget_id: id.nullable().default(null).meta({ description: 'One budget; null for each of them' }),
  warning: z.number().min(0).nullable().default(null),
  critical: z.number().min(0).nullable().default(null),
})

/** Nothing came for so long, though something usually does at this hour of the week. */
const NoData = z.object({
  type: z.literal('no_data'),
  watch: Watched,
  window_minutes: minutes(WEEK_MINUTES),
})

/** The error budget of a service level objective burns too fast. */
const BurnRate = z.object({ type: z.literal('burn_rate'), slo_id: id, windows: z.enum(SLO_ALERTS).default('both') })

export const Condition = z
  .discriminatedUnion('type', [Threshold, Spike, BudgetShare, NoData, BurnRate])
  .refine((c) => !('warning' in c) || c.warning !== null || c.critical !== null, {
    message: 'needs a limit: warning, critical or both',
    path: ['critical'],
  })
  .refine((c) => !('direction' in c) || inOrder(c), {
    message: 'must be further away than warning',
    path: ['critical'],
  })
export type Condition = z.infer<typeof Condition>

function inOrder({
  type,
  direction,
  warning,
  critical,
}: {
  type: string
  direction: 'above' | 'below'
  warning: number | null
  critical: number | null
}): boolean {
  if (warning === null || critical === null) return true
  // A spike's limits are distances from what is usual, whichever way.
  return direction === 'above' || type === 'spike' ? critical >= warning : critical <= warning
}
