import type { Kind } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { Cell, PanelSpec, Scope } from '../panel.ts'
import { noteOf, overTime } from '../shape.ts'
import { tracesHref } from '../scope.ts'
import { unlessFiltered } from './head.ts'

const STORM_TIMES = 3
const STORM_MIN = 10
const MARKS_MAX = 5

const over = (ask: Ask, scope: Scope, kind: Kind, measures: ['count'] | ['count', 'errors']) =>
  unlessFiltered(ask.metrics({ kind, measures, step: scope.range.step, limit: 5000 }))

export const storms: PanelSpec = {
  id: 'operations.storms',
  title: 'Retries, fallbacks and failed calls',
  unit: 'in each interval',
  definition: `agent.retry and agent.fallback.triggered events, and model and tool calls with status error or blocked. An interval is marked as a storm where at least ${STORM_MIN} retries are ${STORM_TIMES} times the median of the intervals with any.`,
  span: 6,
  async load(ask, scope) {
    const [retries, fallbacks, llm, tool] = await Promise.all([
      over(ask, scope, 'retry', ['count']),
      over(ask, scope, 'fallback', ['count']),
      over(ask, scope, 'llm', ['count', 'errors']),
      over(ask, scope, 'tool', ['count', 'errors']),
    ])
    const { buckets } = scope.range
    const retried = overTime(retries, buckets, 'count')
    const tools = overTime(tool, buckets, 'errors')
    const failed = overTime(llm, buckets, 'errors').map((n, at) => Number(n) + Number(tools[at]))
    const isEmpty = [retried, overTime(fallbacks, buckets, 'count'), failed].flat().every((n) => Number(n) === 0)
    const note = noteOf(retries, fallbacks, llm, tool)
    return {
      type: 'series',
      format: 'count',
      series: [
        { key: 'retries', label: 'Retries', kind: 'bar', color: 'var(--color-warning)', values: retried },
        {
          key: 'fallbacks',
          label: 'Fallbacks',
          kind: 'bar',
          color: 'var(--color-series-3)',
          values: overTime(fallbacks, buckets, 'count'),
        },
        { key: 'failed', label: 'Failed calls', kind: 'line', color: 'var(--color-danger)', values: failed },
      ],
      marks: stormsOf(retried, buckets),
      href: tracesHref(scope, { has: 'retries' }),
      ...(note !== undefined && { note }),
      ...(isEmpty && { empty: 'No call failed, was retried or fell back in this range.' }),
    }
  },
}

/** Intervals whose retries stand out from the others, the worst of them in the order of time. */
export function stormsOf(retries: readonly Cell[], buckets: readonly number[]): { at_ms: number; label: string }[] {
  const counts = retries.map((n) => Number(n ?? 0))
  const some = counts.filter((n) => n > 0).sort((a, b) => a - b)
  const median = some[Math.floor((some.length - 1) / 2)] ?? 0
  return counts
    .map((count, at) => ({ count, at_ms: buckets[at] ?? 0 }))
    .filter(({ count }) => count >= STORM_MIN && count >= STORM_TIMES * median && some.length > 1)
    .sort((a, b) => b.count - a.count)
    .slice(0, MARKS_MAX)
    .sort((a, b) => a.at_ms - b.at_ms)
    .map(({ count, at_ms }) => ({
      at_ms,
      label: `${count.toLocaleString('en')} retries, ${(count / median).toFixed(1)} times the median`,
    }))
}
