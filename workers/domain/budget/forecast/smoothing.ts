/** Spend of days to come: each by the mean and the standard deviation of its estimate. */
export interface DayForecast {
  mean: number[]
  sd: number[]
}

const WEEK = 7
const ALPHAS = Array.from({ length: 19 }, (_, i) => (i + 1) * 0.05)
/** How many days that are like all others each weekday is mixed with. */
const LIKE_OTHERS = 0.2

/**
 * Simple exponential smoothing of daily sums from which the weekday was divided out (Hyndman and Athanasopoulos,
 * Forecasting: Principles and Practice, 3rd ed., 8.1 and 3.4), for a history of one to two weeks. The weight of the
 * newest day is the one that would have erred least.
 */
export function smooth(days: readonly number[], horizon: number): DayForecast {
  const index = weekdayIndex(days)
  const levels = days.map((cost, i) => cost / (index[i % WEEK] ?? 1))
  const runs = ALPHAS.map((alpha) => ({ alpha, ...run(levels, alpha) }))
  const { alpha, level, squares } = runs.reduce((a, b) => (b.squares < a.squares ? b : a))
  const sigma = Math.sqrt(squares / Math.max(1, levels.length - 2))
  const ahead = Array.from({ length: horizon }, (_, j) => index[(days.length + j) % WEEK] ?? 1)
  return {
    mean: ahead.map((factor) => level * factor),
    sd: ahead.map((factor, j) => factor * sigma * Math.sqrt(1 + j * alpha * alpha)),
  }
}

/** What a day of each weekday spends, as a multiple of the mean; the first is the weekday of the first day. */
function weekdayIndex(days: readonly number[]): number[] {
  const mean = days.reduce((sum, cost) => sum + cost, 0) / days.length
  return Array.from({ length: WEEK }, (_, weekday) => {
    const own = days.filter((_, i) => i % WEEK === weekday)
    if (mean <= 0) return 1
    return (own.reduce((sum, cost) => sum + cost / mean, 0) + LIKE_OTHERS) / (own.length + LIKE_OTHERS)
  })
}

/** The last level, and the sum of squares of what each day was off from the level before it. */
function run(levels: readonly number[], alpha: number): { level: number; squares: number } {
  const first = levels.slice(0, WEEK)
  let level = first.reduce((sum, cost) => sum + cost, 0) / first.length
  let squares = 0
  for (const cost of levels) {
    const error = cost - level
    squares += error * error
    level += alpha * error
  }
  return { level, squares }
}
