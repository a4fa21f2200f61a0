import type { Cell, PanelSpec, Scope } from '../panel.ts'
import { noteOf, overTime } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const MINUTE_MS = 60_000
/** An interval that has just begun says little: one request in its first second would be sixty a minute. */
const TOLD_FROM = 0.25

export const requests: PanelSpec = {
  id: 'operations.requests',
  title: 'Requests',
  unit: 'requests in each interval',
  definition:
    'Requests that ended in the interval: agent.request.completed. Failed are those with status error or blocked; without success are those that were cancelled, or whose outcome is failure.',
  span: 6,
  height: 256,
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

export const requestRate: PanelSpec = {
  id: 'operations.rate',
  title: 'Request rate',
  unit: 'requests per minute, and before',
  definition:
    'Requests that ended in the interval ÷ its minutes; of an interval that is not over, ÷ those that have gone by.',
  span: 6,
  height: 256,
  async load(ask, scope) {
    const query = { kind: 'request' as const, step: scope.range.step, limit: 5000 }
    const [now, before] = await Promise.all([
      ask.metrics({ ...query, measures: ['count', 'errors', 'successes'] }),
      ask.metricsBefore({ ...query, measures: ['count'] }),
    ])
    if (now.data.length === 0)
      return { type: 'series', format: 'number', series: [], empty: 'No request ended in this range.' }
    const { range, nowMs } = scope
    const note = noteOf(now, before)
    return {
      type: 'series',
      format: 'number',
      series: [
        {
          key: 'rate',
          label: 'Requests per minute',
          kind: 'line',
          color: 'var(--color-series-1)',
          values: perMinute(overTime(now, range.buckets, 'count'), range, nowMs),
          ...(before !== null &&
            scope.before !== null && {
              before: perMinute(overTime(before, scope.before.buckets, 'count'), scope.before, nowMs),
            }),
        },
      ],
      href: tracesHref(scope),
      ...(note !== undefined && { note }),
    }
  },
}

/** Counts of intervals by minute; a gap for one that has hardly begun. */
export function perMinute(
  counts: readonly Cell[],
  { buckets, to_ms }: Pick<Scope['range'], 'buckets' | 'to_ms'>,
  nowMs: number,
): Cell[] {
  return counts.map((count, at) => {
    const start = buckets[at] ?? to_ms
    const end = buckets[at + 1] ?? to_ms
    const gone = Math.min(nowMs, end) - start
    return gone < (end - start) * TOLD_FROM ? null : Number(count) / (gone / MINUTE_MS)
  })
}

export const people: PanelSpec = {
  id: 'operations.active',
  title: 'Active users and agents',
  unit: 'different users and agents in each interval',
  definition: 'Different user_id and agent_id of the requests that ended in the interval.',
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'request',
      measures: ['unique_users', 'unique_agents'],
      step: scope.range.step,
      limit: 5000,
    })
    if (answer.data.length === 0)
      return { type: 'series', format: 'count', series: [], empty: 'No request ended in this range.' }
    const line = (key: string, label: string, color: string) => ({
      key,
      label,
      kind: 'line' as const,
      color,
      values: overTime(answer, scope.range.buckets, key),
    })
    return {
      type: 'series',
      format: 'count',
      series: [
        line('unique_users', 'Users', 'var(--color-series-2)'),
        line('unique_agents', 'Agents', 'var(--color-series-3)'),
      ],
    }
  },
}

export const concurrency: PanelSpec = {
  id: 'operations.concurrency',
  title: 'Concurrency',
  unit: 'requests at once, on average',
  definition:
    'The latencies of the requests that ended in the interval, added up, ÷ its length (Little’s law, L = λW). A request counts where it ended, so that one longer than the interval raises it there.',
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'request',
      measures: ['concurrency_avg', 'latency_count'],
      step: scope.range.step,
      limit: 5000,
    })
    if (!answer.data.some((row) => Number(row.latency_count) > 0))
      return { type: 'series', format: 'number', series: [], empty: 'No request with a latency ended in this range.' }
    const values = overTime(answer, scope.range.buckets, 'concurrency_avg')
    return {
      type: 'series',
      format: 'number',
      series: [{ key: 'concurrency', label: 'At once', kind: 'line', color: 'var(--color-series-1)', values }],
      href: tracesHref(scope),
    }
  },
}

export const queues: PanelSpec = {
  id: 'operations.queues',
  title: 'Queue depth',
  unit: 'waiting, as events say it: half of them at most p50, nine in ten at most p90',
  definition:
    'queue_depth of the events of the interval, whatever queue they stood in: percentiles over events, within 2 %.',
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'queue',
      measures: ['count', 'value_p50', 'value_p90'],
      step: scope.range.step,
      limit: 5000,
    })
    const line = (key: string, label: string, color: string) => ({
      key,
      label,
      kind: 'line' as const,
      color,
      values: overTime(answer, scope.range.buckets, key),
    })
    const note = noteOf(answer)
    return {
      type: 'series',
      format: 'number',
      series: [line('value_p50', 'p50', 'var(--color-series-1)'), line('value_p90', 'p90', 'var(--color-series-2)')],
      ...(note !== undefined && { note }),
      ...(answer.data.length === 0 && {
        empty: 'No event said how deep its queue was: send queue_depth with your events to see it here.',
      }),
    }
  },
}
