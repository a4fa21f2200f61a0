import type { Condition, Group, Incident, Instance, Rule } from '$lib/alerts.ts'
import { formatCount, formatDuration, formatPercent, formatUsd } from '$lib/format.ts'
import type { Measure } from '../../../../../workers/contract/metrics.ts'

type Tone = 'neutral' | 'accent' | 'success' | 'warning' | 'danger'

/** What each measure is called where people choose it. */
export const MEASURE_WORDS: Partial<Record<Measure, string>> = {
  count: 'number of operations',
  errors: 'errors',
  success_rate: 'success rate',
  error_rate: 'error rate',
  cost_usd: 'spend',
  unpriced: 'calls without a price',
  tokens_prompt: 'prompt tokens',
  tokens_completion: 'completion tokens',
  tokens_total: 'tokens',
  cache_hit_rate: 'cache hit rate',
  latency_avg_ms: 'average latency',
  latency_p50_ms: 'latency p50',
  latency_p90_ms: 'latency p90',
  latency_p99_ms: 'latency p99',
  unique_users: 'active users',
  unique_agents: 'active agents',
  concurrency_avg: 'average number at once',
  score_avg: 'average score',
  score_stddev: 'standard deviation of scores',
  pii_detected: 'personal data found',
  pii_redacted: 'personal data redacted',
  value_avg: 'average depth',
  value_p50: 'depth p50',
  value_p90: 'depth p90',
  value_p99: 'depth p99',
}

export const KIND_WORDS = {
  request: 'requests',
  llm: 'model calls',
  tool: 'tool calls',
  step: 'steps',
  retry: 'retries',
  fallback: 'fallbacks',
  policy: 'blocked actions',
  user: 'operations of users',
  total: 'requests in all',
  score: 'quality scores',
  egress: 'calls to other hosts',
  pii: 'personal data',
  queue: 'queues',
  leak: 'leaks',
} as const

/** A value of a measure with its unit. */
export function valueText(measure: string, value: number | null): string {
  if (value === null) return 'no value'
  if (measure.endsWith('_usd')) return formatUsd(value.toFixed(9))
  if (measure.endsWith('_ms')) return formatDuration(value)
  if (measure.endsWith('_rate')) return formatPercent(value)
  return formatCount(value)
}

export function windowText(minutes: number): string {
  if (minutes % 1440 === 0) return minutes === 1440 ? 'day' : `${minutes / 1440} days`
  if (minutes % 60 === 0) return minutes === 60 ? 'hour' : `${minutes / 60} hours`
  return minutes === 1 ? 'minute' : `${minutes} minutes`
}

/** A condition as a sentence. */
export function conditionText(condition: Condition): string {
  if (condition.type === 'budget')
    return `Spend reaches ${limits(condition, (value) => `${value} %`)} of ${condition.budget_id === null ? 'any budget' : 'a budget'}`
  if (condition.type === 'burn_rate') return 'The error budget of an objective burns too fast'
  const { watch } = condition
  const what = `${MEASURE_WORDS[watch.measure] ?? watch.measure} of ${KIND_WORDS[watch.kind]}`
  const by = watch.group_by.length > 0 ? `, by ${watch.group_by.map(dimensionText).join(' and ')}` : ''
  const over = `in the last ${windowText(condition.window_minutes)}`
  if (condition.type === 'no_data') return `Nothing came ${over}, though something usually does (${what}${by})`
  if (condition.type === 'spike') {
    const limit = limits(condition, (value) => `${value} %`)
    return `${capital(what)} ${over} ${limit} ${condition.direction} what is usual at that hour of the week${by}`
  }
  const limit = limits(condition, (value) => valueText(watch.measure, value))
  return `${capital(what)} ${over} ${condition.direction} ${limit}${by}`
}

function limits(c: { warning: number | null; critical: number | null }, text: (value: number) => string): string {
  const parts = [c.warning, c.critical].filter((value) => value !== null).map(text)
  return parts.join(' (warning) or ')
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

export const dimensionText = (dimension: string) => dimension.replace(/_id$/, '').replaceAll('_', ' ')

/** `workflow refund · model gpt-4o`, or "everything". */
export function groupText(group: Group, names: ReadonlyMap<string, string> = new Map()): string {
  const parts = Object.entries(group).map(
    ([name, value]) => `${dimensionText(name)} ${names.get(value) ?? (value || '(none)')}`,
  )
  return parts.length > 0 ? parts.join(' · ') : 'everything'
}

const LEVEL: Record<'warning' | 'critical', Tone> = { warning: 'warning', critical: 'danger' }

export function stateOf(of: Pick<Rule, 'state' | 'severity'> | Pick<Instance, 'state' | 'severity'>): {
  tone: Tone
  word: string
} {
  const { state, severity } = of
  if (state === 'firing') return { tone: LEVEL[severity ?? 'critical'], word: severity ?? 'firing' }
  if (state === 'pending') return { tone: 'warning', word: 'pending' }
  if (state === 'no_data') return { tone: 'warning', word: 'no data' }
  if (state === 'disabled') return { tone: 'neutral', word: 'off' }
  return { tone: 'success', word: 'quiet' }
}

export function incidentState(one: Incident): { tone: Tone; word: string } {
  if (one.state === 'resolved') return { tone: 'neutral', word: 'resolved' }
  return { tone: LEVEL[one.severity], word: one.severity }
}

export const NO_DATA_WORDS = {
  zero: 'count it as zero',
  keep: 'keep the last state',
  show: 'show it here',
  notify: 'tell the channels',
} as const
