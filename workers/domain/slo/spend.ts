import type { SpendRange, SpendSum } from '../../contract/budget.ts'
import type { Indicator, Slo } from '../../contract/slo.ts'
import type { Found, SpendQuestion } from '../alert/need.ts'
import { offsetSpans } from '../time-zone.ts'
import type { Tallies, Tally } from './burn.ts'
import { keptUntilMs, settledMs } from './events.ts'
import { Plan, type Planned } from './plan.ts'
import { profileOf, type Profile } from './profile.ts'

export type Spent = Extract<Indicator, { type: 'budget_variance' }>

const MINUTE_MS = 60_000
const QUARTER_MS = 15 * MINUTE_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const PROFILE_DAYS = 28
/** Without knowing what is usual at an hour, shorter windows would fire each morning. */
const EVEN_MINUTES_MAX = 24 * 60
/** A month that a range reaches into begins so long before it at most. */
const MONTH_MS = 31 * DAY_MS

/** What a budget spent and planned to spend, in nano-dollars. */
export interface Spend {
  actual: bigint
  planned: bigint
}

/** Recent quarter hours, which are asked at each evaluation, and the hours before them, once an hour. */
export function spendQuestions(
  { budget_id }: Spent,
  { window_days }: Pick<Slo, 'window_days'>,
  nowMs: number,
): SpendQuestion[] {
  const settled = settledMs(nowMs)
  const quarters: SpendRange = {
    from_ms: Math.min(settled, floor(nowMs, QUARTER_MS) - 2 * HOUR_MS),
    to_ms: floor(nowMs, QUARTER_MS) + QUARTER_MS,
    unit: 'quarter',
  }
  const days = Math.max(window_days, PROFILE_DAYS)
  const hours: SpendRange = { from_ms: settled - days * DAY_MS - HOUR_MS, to_ms: settled, unit: 'hour' }
  return [
    { name: 'quarters', budget_id, range: quarters, keep_until_ms: null },
    { name: 'hours', budget_id, range: hours, keep_until_ms: keptUntilMs(nowMs) },
  ]
}

/**
 * Spend over the windows against the plan. Windows begin with a whole quarter hour, those of more than an hour and a
 * half with a whole hour. What was saved earlier in a window may be spent later in it; what was not spent before anything
 * was is not saved.
 */
export function spendTallies(
  budget: Planned,
  { window_days }: Pick<Slo, 'window_days'>,
  found: Found,
  nowMs: number,
): { tallies: Tallies; spend: Spend } {
  const quarters = found.spend?.quarters ?? []
  const hours = found.spend?.hours ?? []
  const settled = settledMs(nowMs)
  const plan = planOf(budget, hours, settled, { from_ms: settled - window_days * DAY_MS, to_ms: nowMs })
  const began = beginning([...hours, ...quarters], nowMs)
  const over = (fromMs: number): Spend => ({
    actual: sumSince(hours, fromMs) + sumSince(quarters, Math.max(fromMs, settled)),
    planned: plan.of.over(Math.max(fromMs, began), nowMs),
  })
  const spend = over(settled - window_days * DAY_MS)
  return {
    spend,
    tallies: {
      over(minutes) {
        const fromMs = nowMs - minutes * MINUTE_MS
        if (minutes > 90) return tallyOf(over(floor(fromMs, HOUR_MS)))
        const start = floor(fromMs, QUARTER_MS)
        return tallyOf({ actual: sumSince(quarters, start), planned: plan.of.over(Math.max(start, began), nowMs) })
      },
      window: tallyOf(spend),
      unjudged: plan.profile === null ? { up_to_minutes: EVEN_MINUTES_MAX, why: 'too_little_history' } : null,
      counted: false,
    },
  }
}

/** A budget's plan over a range, spread as its spend was over the four weeks before `endMs`. */
export function planOf(
  budget: Planned,
  hours: readonly SpendSum[],
  endMs: number,
  { from_ms, to_ms }: { from_ms: number; to_ms: number },
): { of: Plan; profile: Profile } {
  const first = Math.min(from_ms, endMs - PROFILE_DAYS * DAY_MS)
  const offsets = offsetSpans(budget.time_zone, first - MONTH_MS, to_ms + MONTH_MS)
  const profile = profileOf(hours, offsets, endMs)
  return { of: new Plan(budget, profile, offsets), profile }
}

/** When the first of these sums was spent; now, when nothing was. */
export const beginning = (sums: readonly SpendSum[], nowMs: number) => sums[0]?.at_ms ?? nowMs

/** What was spent over the plan is what was bad. */
export const tallyOf = ({ actual, planned }: Spend): Tally => ({
  bad: Number(actual - planned),
  total: Number(planned),
})

export function sumSince(sums: readonly SpendSum[], fromMs: number, toMs = Infinity): bigint {
  return sums.reduce(
    (sum, { at_ms, cost_nanousd }) => (at_ms >= fromMs && at_ms < toMs ? sum + BigInt(cost_nanousd) : sum),
    0n,
  )
}

const floor = (ms: number, unit: number) => Math.floor(ms / unit) * unit
