import type { ForecastMethod } from '../../../contract/budget-forecast.ts'
import type { History } from './history.ts'
import { smooth, type DayForecast } from './smoothing.ts'

/** A seasonal method for daily sums, with weeks as its season; null where it cannot be fitted. */
export type SeasonalModel = (days: readonly number[], horizon: number) => DayForecast | null

/**
 * What is expected of today and of the days after it, as whole days. Amounts are nano-dollars in floating point: they
 * are estimates, and are rounded to whole ones where they leave the domain (`outlook.ts`).
 */
export interface SpendFit {
  method: ForecastMethod
  /** Complete days that it was made from. */
  historyDays: number
  mean: number[]
  /** Variance of one day around its mean. */
  dayVariance: number
  /** Variance of the sum of the first k days after today, by k from 0. */
  sumVariance: number[]
  profile: number[]
  withinDay: number
}

/** Two whole weeks are the least from which a decomposition tells the week from the trend. */
const SEASONAL_DAYS_MIN = 14
/** With less than a week, nobody knows what a weekend costs. */
const HISTORY_DAYS_MIN = 7
const FORTNIGHT = 14
const LEVEL_RATIO_MAX = 2

/** Null where there is too little to tell. `horizon` counts days from today on. */
export function fitSpend(history: History | null, seasonal: SeasonalModel, horizon: number): SpendFit | null {
  if (history === null || history.days.length < HISTORY_DAYS_MIN) return null
  const { days, profile, withinDay } = history
  const fitted = days.length >= SEASONAL_DAYS_MIN ? seasonal(days, horizon) : null
  const byWeek = fitted && atRecentLevel(fitted, days)
  const { mean, sd } = byWeek ?? smooth(days, horizon)
  return {
    method: byWeek === null ? 'exponential_smoothing' : 'mstl_ets',
    historyDays: days.length,
    mean: mean.map((cost) => Math.max(0, cost)),
    dayVariance: (sd[0] ?? 0) ** 2,
    sumVariance: sumVariances(sd, days.length),
    profile,
    withinDay,
  }
}

/**
 * The mean of two forecasts: the model's, and the model's at the level of the last two weeks. A model chosen for eight
 * weeks follows a slow rise or fall late; two weeks alone are noisy. Together they err less than either (Bates and
 * Granger, The Combination of Forecasts, 1969), in the back-test in every world.
 */
function atRecentLevel({ mean, sd }: DayForecast, days: readonly number[]): DayForecast {
  const recent = sumOf(days.slice(-FORTNIGHT))
  const foreseen = sumOf(mean.slice(0, FORTNIGHT))
  if (foreseen <= 0) return { mean, sd }
  const ratio = Math.min(LEVEL_RATIO_MAX, Math.max(1 / LEVEL_RATIO_MAX, recent / foreseen))
  return { mean: mean.map((cost) => (cost * (1 + ratio)) / 2), sd }
}

const sumOf = (costs: readonly number[]) => costs.reduce((sum, cost) => sum + cost, 0)

/**
 * Variance of the sum of the k days after today, by k, from the standard deviations of today, tomorrow and so on.
 *
 * A linear exponential smoothing is off at lead j by e(j) + c1·e(j−1) + … + c(j−1)·e(1), with errors e of variance σ²:
 * so its variance grows by σ²·c(j)² from one lead to the next, which tells the weights c. In a sum, the error of a day
 * counts 1 + c1 + c2 + … , once for each day that it still reaches (Hyndman, Koehler, Ord and Snyder, Forecasting with
 * Exponential Smoothing, 2008, on lead-time demand). The errors of the days are σ²·(Σ of these squared).
 *
 * The method takes level and slope as known, but n days tell the level with the variance σ²/n, and the slope with
 * 12σ²/n³ (least squares on n equally spaced points): a trend that is too small to be seen in n days adds up over
 * another 30. Both are added; without them, intervals are too narrow (the same authors' Principles and Practice, 8.7).
 */
function sumVariances(sd: readonly number[], n: number): number[] {
  const variance = (sd[0] ?? 0) ** 2
  const reach = [0]
  for (const [j, s] of sd.slice(1).entries()) {
    const grown = s * s - (sd[j] ?? 0) ** 2
    reach.push((reach[j] ?? 0) + (variance > 0 && grown > 0 ? Math.sqrt(grown / variance) : 0))
  }
  return sd.map((_, k) => {
    // Today's error, and that of each later day.
    const errors = reach.slice(0, k).reduce((sum, c) => sum + (1 + c) ** 2, k === 0 ? 0 : (reach[k] ?? 0) ** 2)
    const level = (k * k) / n
    const slope = (12 / n ** 3) * ((k * n) / 2 + (k * k) / 2) ** 2
    return variance * (errors + level + slope)
  })
}
