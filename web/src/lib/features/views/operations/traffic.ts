import type { PanelSpec } from '../panel.ts'
import { noteOf, overTime } from '../shape.ts'
import { tracesHref } from '../scope.ts'

export const requestRate: PanelSpec = {
  id: 'operations.requests',
  title: 'Requests',
  unit: 'requests in each interval',
  definition:
    'Requests that ended in the interval: agent.request.completed. Failed are those with status error or blocked; without success are those that were cancelled, or whose outcome is failure.',
  span: 6,
  async load(ask, scope) {
    const query = {
      kind: 'request',
      measures: ['count', 'errors', 'successes'],
      step: scope.range.step,
      limit: 5000,
    } as const
    const answer = await ask.metrics({ ...query, measures: [...query.measures] })
    const { buckets } = scope.range
    const [counts, errors, successes] = query.measures.map((measure) => overTime(answer, buckets, measure))
    if (answer.data.length === 0)
      return { type: 'series', format: 'count', series: [], empty: 'No request ended in this range.' }
    const unmet = (counts ?? []).map((count, at) => Number(count) - Number(errors?.[at]) - Number(successes?.[at]))
    const note = noteOf(answer)
    return {
      type: 'series',
      format: 'count',
      series: [
        { key: 'ok', label: 'Succeeded', kind: 'bar', color: 'var(--color-series-1)', values: successes ?? [] },
        { key: 'unmet', label: 'Without success', kind: 'bar', color: 'var(--color-warning)', values: unmet },
        { key: 'failed', label: 'Failed', kind: 'bar', color: 'var(--color-danger)', values: errors ?? [] },
      ],
      href: tracesHref(scope),
      ...(note !== undefined && { note }),
    }
  },
}
