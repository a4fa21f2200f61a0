import { COMPARED_RUNS_MIN, type ComparedSide, type Comparison, type Verdict } from '../../contract/compare.ts'
import { usd, usdPer } from '../money.ts'
import { differenceOf, momentsOf, quantileOf, welch, wilson, type Estimate, type Interval } from './intervals.ts'

/** One run of a side, newest first in lists of them. */
export interface Run {
  complete: boolean
  /** Ended well, and nobody said otherwise. */
  good: boolean
  cost_nanousd: bigint
  took_ms: number
}

export interface Runs {
  value: string
  runs: readonly Run[]
  /** Whether there were more. */
  sampled: boolean
}

/** A side with what its differences are computed from. */
interface Side {
  shown: ComparedSide
  rate: Estimate | null
  cost: bigint
  costs: number[]
  p50: Estimate | null
  p90: Estimate | null
}

/** Both sides, and how b differs from a; each measure is judged by itself. */
export function compareRuns(a: Runs, b: Runs): Pick<Comparison, 'a' | 'b' | 'differences'> {
  const [one, other] = [sideOf(a), sideOf(b)]
  const isFew = Math.min(one.shown.runs, other.shown.runs) < COMPARED_RUNS_MIN
  const ofEstimates = <M extends string>(measure: M, from: Estimate | null, to: Estimate | null, sign: 1 | -1) => {
    const interval = from && to ? differenceOf(from, to) : null
    return { measure, ...numbers(from && to && to.value - from.value, interval), verdict: judge(interval, sign, isFew) }
  }
  return {
    a: one.shown,
    b: other.shown,
    differences: {
      success_rate: ofEstimates('success_rate', one.rate, other.rate, 1),
      cost_avg_usd: costDifference(one, other, isFew),
      latency_p50_ms: ofEstimates('latency_p50_ms', one.p50, other.p50, -1),
      latency_p90_ms: ofEstimates('latency_p90_ms', one.p90, other.p90, -1),
    },
  }
}

function sideOf({ value, runs, sampled }: Runs): Side {
  const done = runs.filter((run) => run.complete)
  const n = done.length
  const successes = done.filter((run) => run.good).length
  const took = done.map((run) => run.took_ms).sort((x, y) => x - y)
  const cost = done.reduce((sum, run) => sum + run.cost_nanousd, 0n)
  const [low, high] = n === 0 ? [0, 0] : wilson(successes, n)
  const at = (q: number) => took[Math.floor(q * (n - 1))] ?? null
  return {
    shown: {
      value,
      runs: n,
      unfinished: runs.length - n,
      sampled,
      successes,
      success_rate: n === 0 ? null : { value: successes / n, low, high },
      cost_avg_usd: usdPer(cost, n),
      latency_p50_ms: at(0.5),
      latency_p90_ms: at(0.9),
    },
    rate: n === 0 ? null : { value: successes / n, interval: [low, high] },
    cost,
    costs: done.map((run) => Number(run.cost_nanousd)),
    p50: quantileOf(took, 0.5),
    p90: quantileOf(took, 0.9),
  }
}

/** The means and their difference are exact to the nano-dollar; the ends of the interval are estimates. */
function costDifference(a: Side, b: Side, isFew: boolean): Comparison['differences']['cost_avg_usd'] {
  const [n, m] = [a.shown.runs, b.shown.runs]
  const interval = welch(momentsOf(a.costs), momentsOf(b.costs))
  const nano = (amount: number) => usd(BigInt(Math.round(amount)))
  return {
    measure: 'cost_avg_usd',
    difference: usdPer(b.cost * BigInt(n) - a.cost * BigInt(m), n * m),
    low: interval && nano(interval[0]),
    high: interval && nano(interval[1]),
    verdict: judge(interval, -1, isFew),
  }
}

function numbers(difference: number | null, interval: Interval | null) {
  return { difference, low: interval?.[0] ?? null, high: interval?.[1] ?? null }
}

/**
 * Only an interval that leaves out nought shows a difference.
 * @param sign 1 where more is better.
 */
export function judge(interval: Interval | null, sign: 1 | -1, isFew: boolean): Verdict {
  if (interval === null || isFew) return 'too_few'
  const [low, high] = interval
  if (low <= 0 && high >= 0) return 'no_difference_shown'
  return low > 0 === (sign === 1) ? 'better' : 'worse'
}
