/** What was spent in one hour of an organization's zone; hours are counted since 1970-01-01, local time. */
export interface HourSum {
  hour: number
  /** Nano-dollars; as a float, since it becomes an estimate. */
  cost: number
}

/** How a scope has spent, by days of the zone. */
export interface History {
  /** Complete days, oldest first; the last is yesterday. */
  days: number[]
  /** Share of a day's spend by hour of the day, from 0 to 23; they add up to 1. */
  profile: number[]
  /** Variance of an hour's spend around its share of the day's, divided by that share. */
  withinDay: number
}

const HOURS = 24

/**
 * Complete days from `from` to before `today`, and how spend lies within them. Where nothing was spent on `from`,
 * history begins on the day after the first on which something was: that one may have begun in the middle. Null when
 * there is no complete day.
 *
 * If the hours of a day with the level D are x = p·D + noise of variance v·p, for shares p, and the day spent y, then
 * the sum of (x − p·y)² has the expectation v·(1 − Σp²): so v is estimated.
 */
export function historyOf(hours: readonly HourSum[], from: number, today: number): History | null {
  const first = hours.find(({ cost }) => cost > 0)
  if (first === undefined) return null
  const firstDay = Math.floor(first.hour / HOURS)
  const start = firstDay > from ? firstDay + 1 : from
  if (start >= today) return null
  const grid = gridOf(hours, start, today)
  const days = grid.map(sum)
  const total = sum(days)
  const profile = Array.from({ length: HOURS }, (_, hour) =>
    total > 0 ? sum(grid.map((day) => day[hour] ?? 0)) / total : 1 / HOURS,
  )
  return { days, profile, withinDay: withinDayOf(grid, days, profile) }
}

/** Costs by day and hour of the day; the hour that a zone passes twice in autumn has what both spent. */
function gridOf(hours: readonly HourSum[], start: number, today: number): number[][] {
  const grid = Array.from({ length: today - start }, () => new Array<number>(HOURS).fill(0))
  for (const { hour, cost } of hours) {
    const day = grid[Math.floor(hour / HOURS) - start]
    const at = hour % HOURS
    // Negative where the guard took back more than was spent.
    if (day !== undefined) day[at] = Math.max(0, (day[at] ?? 0) + cost)
  }
  return grid
}

function withinDayOf(grid: readonly number[][], days: readonly number[], profile: readonly number[]): number {
  const spread = 1 - sum(profile.map((share) => share * share))
  if (spread <= 0) return 0
  const squares = grid.map((day, i) =>
    sum(day.map((cost, hour) => (cost - (profile[hour] ?? 0) * (days[i] ?? 0)) ** 2)),
  )
  return sum(squares) / grid.length / spread
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0)
