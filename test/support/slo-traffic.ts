import type { MetricsQuery, MetricsRow } from '../../workers/contract/metrics.ts'
import type { SpendRange, SpendSum } from '../../workers/contract/budget.ts'
import type { Found, Need } from '../../workers/domain/alert/need.ts'

const MINUTE_MS = 60_000
const UNIT_MS = { minute: MINUTE_MS, hour: 3_600_000, quarter: 900_000 }

/** What happens in one minute. */
export interface Minute {
  good: number
  bad: number
}

/**
 * Traffic that is told by a function of the minute, and the answers to questions about it at a moment: of the minute
 * that is not over, a part has happened.
 */
export function answersTo(need: Need, traffic: (atMs: number) => Minute, nowMs: number): Found {
  const answers: Found['answers'] = {}
  for (const { name, query } of need.questions) answers[name] = rowsOf(query, traffic, nowMs)
  return { answers, budgets: [] }
}

function rowsOf(query: MetricsQuery, traffic: (atMs: number) => Minute, nowMs: number): MetricsRow[] {
  const rows = new Map<number, { good: number; bad: number }>()
  const [from, to] = [Date.parse(query.from), Date.parse(query.to)]
  for (let at = from; at < Math.min(to, nowMs); at += MINUTE_MS) {
    const share = Math.min(1, (nowMs - at) / MINUTE_MS)
    const { good, bad } = traffic(at)
    const time = query.step === 'minute' || query.step === 'hour' ? at - (at % UNIT_MS[query.step]) : 0
    const row = rows.get(time) ?? { good: 0, bad: 0 }
    row.good += good * share
    row.bad += bad * share
    rows.set(time, row)
  }
  return [...rows].map(([time, { good, bad }]) => ({
    ...(query.step !== 'total' && { time: new Date(time).toISOString() }),
    ...(query.measures.includes('count')
      ? { count: good + bad, successes: good }
      : { latency_count: good + bad, latency_within_rate: good + bad === 0 ? null : good / (good + bad) }),
  }))
}

/** What a quarter hour has spent so far. */
export function happened(spend: (quarterMs: number) => bigint, atMs: number, nowMs: number): bigint {
  const passed = Math.min(UNIT_MS.quarter, nowMs - atMs)
  return (spend(atMs) * BigInt(passed)) / BigInt(UNIT_MS.quarter)
}

/** Spend told by a function of the quarter hour, summed as a question asks. */
export function spendIn(range: SpendRange, spend: (quarterMs: number) => bigint, nowMs: number): SpendSum[] {
  const sums = new Map<number, bigint>()
  for (let at = range.from_ms; at < Math.min(range.to_ms, nowMs); at += UNIT_MS.quarter) {
    const unit = at - (at % UNIT_MS[range.unit])
    sums.set(unit, (sums.get(unit) ?? 0n) + happened(spend, at, nowMs))
  }
  return [...sums].filter(([, cost]) => cost !== 0n).map(([at_ms, cost]) => ({ at_ms, cost_nanousd: cost.toString() }))
}
