import type { Budget } from '../../budgets.ts'
import { formatPercent } from '../../format.ts'

export type Tone = 'neutral' | 'success' | 'warning' | 'danger'

const UNLIKELY = 0.2
const LIKELY = 0.5

/** How likely a budget is to end above its limit, in words and a tone. */
export function riskOf({ forecast, forecast_reason }: Budget): { text: string; tone: Tone } {
  if (forecast === null)
    return { text: forecast_reason === 'pending' ? 'being worked out' : 'too little history', tone: 'neutral' }
  const risk = forecast.overrun_probability
  const tone = risk < UNLIKELY ? 'success' : risk < LIKELY ? 'warning' : 'danger'
  return { text: formatPercent(risk), tone }
}

/** Budgets that call for attention first: the likeliest to be passed, then those with most of their limit spent. */
export function mostUrgent(budgets: readonly Budget[], shareOf: (budget: Budget) => number): Budget[] {
  const risk = ({ forecast }: Budget) => forecast?.overrun_probability ?? 0
  return budgets.toSorted((a, b) => risk(b) - risk(a) || shareOf(b) - shareOf(a))
}

export const REASONS = {
  too_little_history: 'A forecast needs seven complete days of spend.',
  pending: 'The forecast is being worked out.',
} as const
