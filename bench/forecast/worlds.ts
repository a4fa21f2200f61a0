import { dayOf, type Cut } from './back-test.ts'
import type { World } from './fleet-spend.ts'

const MONTH_DAYS = 30

/** Histories of the demo's fleet, as it is and with what happens to fleets; each begins before its first month. */
export function worldsOf(seed: number, from: string, to: string, tracesPerDay: number): [name: string, World][] {
  const [fromDay, days] = [dayOf(from), dayOf(to) - dayOf(from)]
  const middle = fromDay + Math.round(days / 2)
  const grown = (day: number, monthly: number) => tracesPerDay * (1 + monthly) ** ((day - fromDay) / MONTH_DAYS)
  const world = (perDay: World['perDay']): World => ({ seed, fromDay, days, perDay })
  return [
    ['steady', world(() => tracesPerDay)],
    ['growing 10 % a month', world((day) => grown(day, 0.1))],
    ['shrinking 8 % a month', world((day) => grown(day, -0.08))],
    ['doubled at once', world((day) => (day < middle ? tracesPerDay : 2 * tracesPerDay))],
  ]
}

/** Days of each month at which a forecast is made, at hours that go round the clock. */
export function cutsOf(months: readonly string[]): Cut[] {
  return months.flatMap((month, i) => [5, 10, 15, 20, 25].map((day) => ({ month, day, hour: (day * 7 + i * 5) % 24 })))
}
