import * as z from 'zod'

export const FORECAST_METHODS = ['mstl_ets', 'exponential_smoothing'] as const
export type ForecastMethod = (typeof FORECAST_METHODS)[number]

/** Why a budget has no forecast. */
export const NO_FORECAST = ['too_little_history', 'pending'] as const

const Interval = {
  low_80_usd: z.string(),
  high_80_usd: z.string(),
  low_95_usd: z.string(),
  high_95_usd: z.string(),
}

/** What a budget's present period will have spent by its end, if spending goes on as it did. */
export const BudgetForecast = z.object({
  method: z.enum(FORECAST_METHODS).meta({
    description: 'Seasonal decomposition (MSTL) with an ETS model, or exponential smoothing where history is short',
  }),
  history_days: z.number().int().meta({ description: 'Complete days of the time zone that it was made from' }),
  made_at: z.string(),
  expected_usd: z.string().meta({ description: 'With what is spent, which is exact' }),
  ...Interval,
  overrun_probability: z.number().min(0).max(1).meta({
    description:
      'That the period ends above the limit with its extension; for a hard budget, that agents will want more',
  }),
  limit_on: z.string().nullable().meta({
    description:
      'Day of the time zone on which the limit is expected to be reached; null when it is not, or was before',
  }),
})
export type BudgetForecast = z.infer<typeof BudgetForecast>

export const NoForecast = z
  .enum(NO_FORECAST)
  .nullable()
  .meta({ description: 'Why there is no forecast: fewer than seven complete days of spend, or not made yet' })
export type NoForecast = z.infer<typeof NoForecast>

/** One step of a burn-down: an hour of a day's budget, a day of a longer one. Amounts are of the period so far. */
export const ForecastPoint = z.object({
  from: z.string(),
  to: z.string(),
  spent_usd: z.string().nullable().meta({ description: 'At its end, or until now; null for what is to come' }),
  expected_usd: z.string().nullable().meta({ description: 'At its end; null for what is over' }),
  low_80_usd: z.string().nullable(),
  high_80_usd: z.string().nullable(),
  low_95_usd: z.string().nullable(),
  high_95_usd: z.string().nullable(),
})
export type ForecastPoint = z.infer<typeof ForecastPoint>

/** How the present period went, and how it may go on. */
export const ForecastPath = z.object({
  budget_id: z.string(),
  time_zone: z.string(),
  step: z.enum(['hour', 'day']),
  period_start: z.string(),
  resets_at: z.string(),
  limit_usd: z.string().meta({ description: 'With the extension that is in force' }),
  spent_usd: z.string(),
  forecast: BudgetForecast.nullable(),
  forecast_reason: NoForecast,
  path: z.array(ForecastPoint),
})
export type ForecastPath = z.infer<typeof ForecastPath>

/** What a month was planned to cost, and what it did. */
export const BudgetVariance = z.object({
  month: z.string(),
  actual_usd: z.string().meta({ description: 'In the ledger; of the present month, so far' }),
  planned_usd: z.string().nullable(),
  difference_usd: z.string().nullable().meta({ description: 'Actual less planned; null without a plan' }),
})
export type BudgetVariance = z.infer<typeof BudgetVariance>

export const ThresholdReached = z.object({
  percent: z.number().int(),
  reached_at: z.string(),
})
export type ThresholdReached = z.infer<typeof ThresholdReached>
