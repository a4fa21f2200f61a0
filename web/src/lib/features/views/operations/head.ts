import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import { NotFilterable, type Ask } from '../ask.ts'
import type { Cell, Figure, PanelSpec, Scope } from '../panel.ts'
import { cell, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const MINUTE_MS = 60_000

/** Answers that a period's figures are made of; null where a filter that is set does not tell them apart. */
export interface HeadAnswers {
  requests: MetricsAnswer | null
  users: MetricsAnswer | null
  agents: MetricsAnswer | null
  calls: MetricsAnswer | null
  retries: MetricsAnswer | null
  fallbacks: MetricsAnswer | null
}

type Query = Parameters<Ask['metrics']>[0]

const ASKED: Record<keyof HeadAnswers, Query> = {
  requests: { kind: 'request', measures: ['count', 'errors', 'success_rate', 'concurrency_avg'] },
  users: { kind: 'request', measures: ['unique_users'] },
  agents: { kind: 'request', measures: ['unique_agents'] },
  calls: { kind: 'llm', measures: ['count'] },
  retries: { kind: 'retry', measures: ['count'] },
  fallbacks: { kind: 'fallback', measures: ['count'] },
}

export const head: PanelSpec = {
  id: 'operations.head',
  title: 'Now and before',
  unit: 'of the range, against the period that it is compared with',
  definition:
    'Requests are agent.request.completed events. What is not over yet is compared with the period before as far as it had got by then.',
  span: 12,
  height: 156,
  async load(ask, scope) {
    const [now, before] = await Promise.all([
      answersBy((query) => ask.metrics(query)),
      scope.before === null ? null : answersBy((query) => ask.metricsBefore(query)),
    ])
    return { type: 'figures', figures: headFigures(now, before, scope) }
  },
}

async function answersBy(read: (query: Query) => Promise<MetricsAnswer | null>): Promise<HeadAnswers> {
  const of = (name: keyof HeadAnswers) => unlessFiltered(read(ASKED[name]))
  const [requests, users, agents, calls, retries, fallbacks] = await Promise.all([
    of('requests'),
    of('users'),
    of('agents'),
    of('calls'),
    of('retries'),
    of('fallbacks'),
  ])
  return { requests, users, agents, calls, retries, fallbacks }
}

/** Null where rows do not tell apart what is filtered. */
export async function unlessFiltered(answer: Promise<MetricsAnswer | null>): Promise<MetricsAnswer | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NotFilterable) return null
    throw error
  }
}

/** The figures at the head, each with its value before. Rates of nothing are absent, not zero. */
export function headFigures(now: HeadAnswers, before: HeadAnswers | null, scope: Scope): Figure[] {
  const elapsedMs = Math.min(scope.nowMs, scope.range.to_ms) - scope.range.from_ms
  const then = before === null ? {} : valuesOf(before, elapsedMs)
  const values = valuesOf(now, elapsedMs)
  return FIGURES.map(({ traces, ...figure }) => ({
    ...figure,
    value: values[figure.key] ?? null,
    before: then[figure.key] ?? null,
    ...(traces !== undefined && { href: tracesHref(scope, traces) }),
    ...(figure.key in values ? {} : { note: 'not told apart by what is filtered' }),
  }))
}

function valuesOf(answers: HeadAnswers, elapsedMs: number): Record<string, Cell> {
  const { requests, users, agents, calls, retries, fallbacks } = answers
  const row = requests?.data[0]
  const perCall = (of: MetricsAnswer) => share(size(of.data[0], 'count'), size(calls?.data[0], 'count'))
  return {
    ...(requests && {
      requests: cell(row, 'count'),
      per_minute: elapsedMs <= 0 ? null : size(row, 'count') / (elapsedMs / MINUTE_MS),
      success_rate: cell(row, 'success_rate'),
      failed: cell(row, 'errors'),
      concurrency: cell(row, 'concurrency_avg'),
    }),
    ...(users && { users: cell(users.data[0], 'unique_users') }),
    ...(agents && { agents: cell(agents.data[0], 'unique_agents') }),
    ...(calls && retries && { retry_rate: perCall(retries) }),
    ...(calls && fallbacks && { fallback_rate: perCall(fallbacks) }),
  }
}

const FIGURES: (Omit<Figure, 'value' | 'before' | 'href' | 'note'> & { traces?: Record<string, string> })[] = [
  { key: 'requests', label: 'Requests', format: 'count', definition: 'Requests that ended in the range.', traces: {} },
  {
    key: 'per_minute',
    label: 'Requests per minute',
    format: 'number',
    definition: 'Requests ÷ the minutes of the range that have gone by.',
  },
  {
    key: 'success_rate',
    label: 'Success rate',
    format: 'percent',
    better: 'more',
    definition:
      'Requests with neither status error, blocked or cancelled nor outcome failure ÷ all requests. What is told later of an outcome is not in it.',
  },
  {
    key: 'failed',
    label: 'Failed',
    format: 'count',
    better: 'less',
    definition: 'Requests with status error or blocked.',
    traces: { status: 'error' },
  },
  {
    key: 'retry_rate',
    label: 'Retry rate',
    format: 'percent',
    better: 'less',
    definition: 'Retries (agent.retry, of models and of tools) ÷ model calls.',
    traces: { has: 'retries' },
  },
  {
    key: 'fallback_rate',
    label: 'Fallback rate',
    format: 'percent',
    better: 'less',
    definition: 'Fallbacks (agent.fallback.triggered) ÷ model calls.',
    traces: { has: 'fallbacks' },
  },
  { key: 'users', label: 'Active users', format: 'count', definition: 'Different user_id of the requests that ended.' },
  {
    key: 'agents',
    label: 'Active agents',
    format: 'count',
    definition: 'Different agent_id of the requests that ended.',
  },
  {
    key: 'concurrency',
    label: 'Concurrency',
    format: 'number',
    definition:
      'How many requests ran at once, on average: the latencies of all requests added up ÷ the time that has gone by (Little’s law, L = λW). Requests without latency_ms are not in it.',
  },
]
