import type { Kind, MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import { classOf } from '../../../../../../workers/contract/failure.ts'
import type { Ask } from '../ask.ts'
import type { Cell, PanelSpec, Scope, TableRow } from '../panel.ts'
import { label, noteOf, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'
import { FAILED } from './failures.ts'
import { unlessFiltered } from './head.ts'

/** What may fail; a request counts by itself, since it fails by what failed in it. */
const CALLS: readonly Kind[] = ['step', 'llm', 'tool']

async function failuresOf(ask: Ask, scope: Scope) {
  const of = (kind: Kind) =>
    unlessFiltered(
      ask.metrics({
        kind,
        dimensions: ['error_type'],
        measures: ['count'],
        filters: FAILED,
        step: scope.range.step,
        limit: 5000,
      }),
    )
  const [requests, ...calls] = await Promise.all([of('request'), ...CALLS.map(of)])
  return { requests: requests ?? null, calls }
}

export const taxonomy: PanelSpec = {
  id: 'operations.errors',
  title: 'Errors',
  unit: 'failed calls and requests, by class and type',
  definition:
    'Failed are those with status error or blocked. Calls are steps, model calls and tool calls; a request that fails by one of its calls counts by itself. Share is that of the failed calls, or of the failed requests where no call failed. First and last are the intervals of the range in which it was seen. Types and classes are those of the failure taxonomy.',
  span: 8,
  async load(ask, scope) {
    const { requests, calls } = await failuresOf(ask, scope)
    const rows = taxonomyRows(requests, calls, scope)
    const note = noteOf(requests, ...calls)
    return {
      type: 'table',
      columns: [
        { key: 'type', label: 'Type', format: 'text' },
        { key: 'class', label: 'Class', format: 'text' },
        { key: 'calls', label: 'Failed calls', format: 'count' },
        { key: 'share', label: 'Share', format: 'percent' },
        { key: 'requests', label: 'Failed requests', format: 'count' },
        { key: 'first', label: 'First seen', format: 'datetime', definition: 'The start of the interval.' },
        { key: 'last', label: 'Last seen', format: 'datetime', definition: 'The start of the interval.' },
      ],
      rows,
      sort: rows.some(({ cells }) => Number(cells.calls) > 0) ? 'calls' : 'requests',
      bar: 'calls',
      ...(note !== undefined && { note }),
      ...(rows.length === 0 && { empty: 'Nothing failed in this range.' }),
    }
  },
}

/** One row for each type of error: how many calls and requests failed by it, and when. */
export function taxonomyRows(
  requests: MetricsAnswer | null,
  calls: readonly (MetricsAnswer | null)[],
  scope: Scope,
): TableRow[] {
  const types = new Map<string, { calls: number; requests: number; first: number; last: number }>()
  const add = (answer: MetricsAnswer | null, field: 'calls' | 'requests') => {
    for (const row of answer?.data ?? []) {
      const type = label(row, 'error_type', 'unknown')
      const time = Date.parse(String(row.time))
      const seen = types.get(type) ?? { calls: 0, requests: 0, first: time, last: time }
      seen[field] += size(row, 'count')
      seen.first = Math.min(seen.first, time)
      seen.last = Math.max(seen.last, time)
      types.set(type, seen)
    }
  }
  add(requests, 'requests')
  for (const answer of calls) add(answer, 'calls')
  const all = [...types.values()]
  const [failedCalls, failedRequests] = [
    all.reduce((n, one) => n + one.calls, 0),
    all.reduce((n, one) => n + one.requests, 0),
  ]
  return [...types].map(([type, seen]) => ({
    key: type,
    cells: {
      type,
      class: classOf(type),
      calls: seen.calls,
      share: failedCalls > 0 ? share(seen.calls, failedCalls) : share(seen.requests, failedRequests),
      requests: seen.requests,
      first: seen.first,
      last: seen.last,
    },
    href: tracesHref(scope, { failure_type: type }),
    links: { class: tracesHref(scope, { failure_class: classOf(type) }) },
  }))
}

export const errorClasses: PanelSpec = {
  id: 'operations.error_classes',
  title: 'Failed calls by class',
  unit: 'failed steps, model and tool calls',
  definition:
    'Steps, model calls and tool calls with status error or blocked, by the class of their error in the failure taxonomy.',
  span: 4,
  async load(ask, scope) {
    const { calls } = await failuresOf(ask, scope)
    const series = [...classSeries(calls, scope)].map(([key, values]) => ({
      key,
      label: key,
      kind: 'bar' as const,
      values,
    }))
    return {
      type: 'series',
      format: 'count',
      series,
      href: tracesHref(scope, { has: 'errors' }),
      ...(series.length === 0 && { empty: 'No call failed in this range.' }),
    }
  },
}

/** Failed calls of each class over the range's buckets, the greatest first. */
export function classSeries(
  calls: readonly (MetricsAnswer | null)[],
  { range }: Pick<Scope, 'range'>,
): [string, Cell[]][] {
  const at = new Map(range.buckets.map((start, index) => [start, index]))
  const classes = new Map<string, number[]>()
  for (const row of calls.flatMap((answer) => answer?.data ?? [])) {
    const index = at.get(Date.parse(String(row.time)))
    if (index === undefined) continue
    const name = classOf(label(row, 'error_type', 'unknown'))
    const values = classes.get(name) ?? range.buckets.map(() => 0)
    values[index] = (values[index] ?? 0) + size(row, 'count')
    classes.set(name, values)
  }
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)
  return [...classes].sort(([, a], [, b]) => sum(b) - sum(a))
}
