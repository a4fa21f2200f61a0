import type { Slo, SloStatus, SLO_ALERTS } from '../../contract/slo.ts'
import type { Found, Need } from '../alert/need.ts'
import type { Sample } from '../alert/sample.ts'
import { usd } from '../money.ts'
import { budgetLeft, burnOf, exhaustedAt, goodShare, type Burn, type Tallies } from './burn.ts'
import { eventQuestions, eventTallies } from './events.ts'
import { spendQuestions, spendTallies, type Spend } from './spend.ts'
import { burnWindows, isWanted } from './windows.ts'
import { countedWords, sampleWords, spendWords } from './words.ts'

/** What of an objective decides. */
export type Objective = Pick<Slo, 'indicator' | 'objective' | 'window_days' | 'project_id'>
type Alerts = (typeof SLO_ALERTS)[number]

const NO_BUDGET = 'The budget that it watches does not exist any more.'

/** What is needed to judge an objective. */
export function sloNeed(slo: Objective, nowMs: number): Need {
  const { indicator } = slo
  if (indicator.type === 'budget_variance')
    return { questions: [], budgets: true, spend: spendQuestions(indicator, slo, nowMs) }
  return { questions: eventQuestions(indicator, slo, nowMs), budgets: false }
}

/** How an objective stands. Null when the budget that it watches is gone. */
export function sloStatus(slo: Objective, found: Found, nowMs: number): SloStatus | null {
  const { indicator, objective, window_days } = slo
  if (indicator.type !== 'budget_variance') {
    const tallies = eventTallies(indicator, slo, found, nowMs)
    const { bad, total } = tallies.window
    const left = budgetLeft(tallies.window, objective)
    const counts = { good: total - bad, total, spend: null }
    return { ...counts, ...standing(slo, tallies, nowMs), detail: countedWords(counts, left, slo) }
  }
  const budget = found.budgets.find(({ id }) => id === indicator.budget_id)
  if (budget === undefined) return null
  const { tallies, spend } = spendTallies(budget, { window_days }, found, nowMs)
  const left = budgetLeft(tallies.window, objective)
  const detail = spendWords(spend, left, slo, tallies.unjudged !== null)
  return { good: null, total: null, spend: shown(spend), ...standing(slo, tallies, nowMs), detail }
}

/** What the alert rule of an objective says: the most urgent of the windows that somebody wants to hear of. */
export function burnSample(status: SloStatus | null, slo: Objective, alerts: Alerts): Sample {
  const nothing = { group: {}, value: null, severity: null, usual: null }
  if (status === null) return { ...nothing, unknown: 'no_data', detail: NO_BUDGET }
  const windows = burnWindows(slo.window_days)
  const wanted = status.burn.filter((_, i) => windows[i] !== undefined && isWanted(windows[i], alerts))
  const told = wanted.find(({ firing }) => firing) ?? wanted.find(({ unjudged }) => unjudged === null) ?? null
  if (told === null) {
    const unknown = wanted.at(-1)?.unjudged ?? 'no_data'
    return { ...nothing, unknown, detail: sampleWords(wanted.at(-1) ?? null, status) }
  }
  const severity = told.firing ? told.severity : null
  return { ...nothing, value: told.long_rate, severity, unknown: null, detail: sampleWords(told, status) }
}

type Standing = Pick<SloStatus, 'sli' | 'budget_left' | 'burn' | 'exhausted_at' | 'evaluated_at'>

function standing({ objective, window_days }: Objective, tallies: Tallies, nowMs: number): Standing {
  const { window } = tallies
  const pairs = burnWindows(window_days)
  const burn: Burn[] = pairs.map((pair) => burnOf(pair, tallies, objective))
  const left = budgetLeft(window, objective)
  const middle = burn[1]
  const rate = middle?.unjudged === null ? middle.long_rate : null
  const exhausted = exhaustedAt(left, rate, window_days, nowMs)
  return {
    sli: goodShare(window),
    budget_left: left,
    burn,
    exhausted_at: exhausted === null ? null : new Date(exhausted).toISOString(),
    evaluated_at: new Date(nowMs).toISOString(),
  }
}

const shown = ({ actual, planned }: Spend) => ({ actual_usd: usd(actual), planned_usd: usd(planned) })
