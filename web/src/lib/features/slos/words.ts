import { formatDateTime, formatPercent } from '$lib/format.ts'
import type { Indicator, Slo, SloStatus } from '$lib/slos.ts'

type Tone = 'neutral' | 'success' | 'warning' | 'danger'
export type Counted = Exclude<Indicator, { type: 'budget_variance' }>

export const KIND_WORDS = {
  request: 'requests',
  llm: 'model calls',
  tool: 'tool calls',
  step: 'steps',
} as const

export const TYPE_WORDS = {
  success_rate: 'Success rate',
  latency: 'Latency',
  budget_variance: 'Budget variance',
} as const

export const ALERT_WORDS = {
  both: 'fast and slow burns',
  fast: 'fast burns only (critical)',
  slow: 'slow burns only (warning)',
} as const

const HOUR = 60
const DAY = 24 * HOUR

/** Minutes as people say them: `5 min`, `6 h`, `3 d`. */
export function windowText(minutes: number): string {
  if (minutes % DAY === 0) return `${minutes / DAY} d`
  return minutes % HOUR === 0 ? `${minutes / HOUR} h` : `${minutes} min`
}

/** An objective in one sentence. */
export function objectiveText(
  { indicator, objective, window_days }: Pick<Slo, 'indicator' | 'objective' | 'window_days'>,
  names: ReadonlyMap<string, string>,
): string {
  const over = `over ${window_days} days`
  if (indicator.type === 'budget_variance')
    return `“${names.get(indicator.budget_id) ?? 'A budget'}” spends at most ${share(indicator.tolerance)} more than planned ${over}`
  const what = KIND_WORDS[indicator.kind]
  const good =
    indicator.type === 'latency' ? `take at most ${indicator.threshold_ms.toLocaleString('en')} ms` : 'succeed'
  return `${share(objective)} of ${what} ${good} ${over}`
}

/** A share with all its digits: 99.95 % is not 100 %. */
export const share = (value: number) => `${Number((value * 100).toFixed(4))} %`

/** What an objective's filters leave. */
export function filtersText({ filters }: Counted): string {
  return filters
    .map(
      ({ dimension, op, values }) =>
        `${dimension.replace(/_id$/, '').replaceAll('_', ' ')} is ${op === 'neq' ? 'not ' : ''}${values.join(' or ')}`,
    )
    .join(', ')
}

/** How an objective stands, in a word. */
export function standing(status: SloStatus | null): { tone: Tone; word: string } {
  if (status === null) return { tone: 'neutral', word: 'not judged yet' }
  if (status.burn.some(({ firing, severity }) => firing && severity === 'critical'))
    return { tone: 'danger', word: 'burning fast' }
  if (status.budget_left !== null && status.budget_left <= 0) return { tone: 'danger', word: 'budget used up' }
  if (status.burn.some(({ firing }) => firing)) return { tone: 'warning', word: 'burning' }
  if (status.budget_left === null) return { tone: 'neutral', word: 'no data' }
  return { tone: 'success', word: 'met' }
}

/** What is left of the error budget, in words. */
export function leftText(left: number | null): string {
  if (left === null) return 'no error budget yet'
  if (left > 0) return `${formatPercent(left)} of the error budget left`
  if (left === 0) return 'nothing of the error budget left'
  return left > -1 ? `error budget overspent by ${formatPercent(-left)}` : `error budget used ${times(1 - left)} over`
}

export const times = (rate: number) => `${Number(rate.toFixed(rate < 10 ? 1 : 0)).toLocaleString('en')}×`

/** When the budget will be used up, at the present rate. */
export function exhaustedText({ exhausted_at }: SloStatus, zone: string): string | null {
  return exhausted_at === null ? null : `At this rate it is used up ${formatDateTime(Date.parse(exhausted_at), zone)}.`
}

export const UNJUDGED_WORDS = {
  no_data: 'nothing came',
  too_few: 'too few operations',
  too_little_history: 'no weekly pattern yet',
} as const
