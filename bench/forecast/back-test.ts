import { DAY_MS, HOUR_MS } from '../../examples/fleet/calendar.ts'
import { fitSpend, type SeasonalModel } from '../../workers/domain/budget/forecast/fit.ts'
import { historyOf, type HourSum } from '../../workers/domain/budget/forecast/history.ts'
import { outlookAt, overrunChance, periodEnd } from '../../workers/domain/budget/forecast/outlook.ts'
import type { Spend } from './fleet-spend.ts'

/** As the TenantBudget object keeps of them. */
export const WINDOW_DAYS = 56
const HORIZON = 31

/** A forecast of a month's spend, made in the middle of it, and what it came to. */
export interface Trial {
  scope: string
  month: string
  day: number
  actual: number
  forecast: number
  runRate: number
  in80: boolean
  in95: boolean
  /** Of several limits, which the month passed, what we gave for that, and what the run rate said. */
  risks: { passed: boolean; chance: number; runRateSays: boolean }[]
  ms: number
}

export interface Cut {
  month: string
  /** Day of the month, from 1, and hour of the day, at which the forecast is made. */
  day: number
  hour: number
}

/** Limits, as parts of what the month came to. */
const LIMITS = [0.8, 0.9, 0.95, 1.05, 1.1, 1.2]

/** Forecasts of one scope's months at each cut, by what was known then; days and months are UTC. */
export function trialsOf(
  spend: Spend,
  scope: string,
  cuts: readonly Cut[],
  seasonal: SeasonalModel,
  windowDays = WINDOW_DAYS,
): Trial[] {
  const hours = spend.get(scope) ?? new Map<number, number>()
  const sum = (from: number, to: number) => {
    let cost = 0
    for (let hour = from; hour < to; hour++) cost += hours.get(hour) ?? 0
    return cost
  }
  return cuts.map(({ month, day, hour }) => {
    const [first, next] = hoursOf(month)
    const today = first + (day - 1) * 24
    const now = today + hour
    const [actual, spent] = [sum(first, next), sum(first, now)]
    const from = today / 24 - windowDays
    const known: HourSum[] = []
    for (let at = from * 24; at < now; at++) known.push({ hour: at, cost: hours.get(at) ?? 0 })
    const start = performance.now()
    const fit = fitSpend(historyOf(known, from, today / 24), seasonal, HORIZON)
    if (fit === null) throw new Error(`${scope} has too little history on ${month}-${day}`)
    const standing = {
      spent: BigInt(spent),
      today: sum(today, now),
      dayShare: hour / 24,
      daysLeft: (next - today) / 24 - 1,
    }
    const end = outlookAt(fit, standing, periodEnd(standing))
    const ms = performance.now() - start
    const runRate = (spent / (now - first)) * (next - first)
    return {
      scope,
      month,
      day,
      actual,
      forecast: Number(end.expected),
      runRate,
      in80: actual >= end.low80 && actual <= end.high80,
      in95: actual >= end.low95 && actual <= end.high95,
      risks: LIMITS.map((part) => ({
        passed: part < 1,
        chance: overrunChance(fit, standing, BigInt(Math.round(actual * part))),
        runRateSays: runRate > actual * part,
      })),
      ms,
    }
  })
}

/** First hour of a month since 1970, and the first after it. */
function hoursOf(month: string): [number, number] {
  const [year = 0, number = 1] = month.split('-').map(Number)
  return [Date.UTC(year, number - 1, 1) / HOUR_MS, Date.UTC(year, number, 1) / HOUR_MS]
}

export interface Score {
  trials: number
  /** Mean absolute percentage errors, in percent. */
  mape: number
  runRateMape: number
  /** Shares of months that ended within the intervals, in percent. */
  coverage80: number
  coverage95: number
  /** Mean squared errors of probabilities (Brier 1950); the run rate says 0 or 1. */
  brier: number
  runRateBrier: number
}

export function scoreOf(trials: readonly Trial[]): Score {
  const mean = <T>(items: readonly T[], of: (item: T) => number) =>
    items.reduce((sum, item) => sum + of(item), 0) / items.length
  const off = (guess: number, actual: number) => (Math.abs(guess - actual) / actual) * 100
  const risks = trials.flatMap((trial) => trial.risks)
  return {
    trials: trials.length,
    mape: mean(trials, ({ forecast, actual }) => off(forecast, actual)),
    runRateMape: mean(trials, ({ runRate, actual }) => off(runRate, actual)),
    coverage80: mean(trials, ({ in80 }) => (in80 ? 100 : 0)),
    coverage95: mean(trials, ({ in95 }) => (in95 ? 100 : 0)),
    brier: mean(risks, ({ chance, passed }) => (chance - Number(passed)) ** 2),
    runRateBrier: mean(risks, ({ runRateSays, passed }) => (Number(runRateSays) - Number(passed)) ** 2),
  }
}

export const dayOf = (date: string) => Date.parse(date) / DAY_MS
