import type { PanelSpec } from '../panel.ts'
import { byKey, cell, label, seriesBy, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const NAMELESS = 'no workflow named'

export const reach: PanelSpec = {
  id: 'product.reach',
  title: 'Reach',
  unit: 'people, agents and requests',
  definition:
    'Unique users and agents whose requests ended in the range, and those requests. A user is one user_id; who sends none is not counted.',
  span: 6,
  height: 64,
  async load(ask) {
    const query = { kind: 'request' as const, measures: ['count', 'unique_users', 'unique_agents'] as const }
    const asked = { ...query, measures: [...query.measures] }
    const [now, before] = await Promise.all([ask.metrics(asked), ask.metricsBefore(asked)])
    const [row] = now.data
    const [then] = before?.data ?? []
    const figures = [
      ['unique_users', 'Active users'],
      ['unique_agents', 'Active agents'],
      ['count', 'Requests'],
    ] as const
    return {
      type: 'figures',
      figures: figures.map(([key, name]) => ({
        key,
        label: name,
        format: 'count',
        better: 'more',
        value: cell(row, key) ?? 0,
        before: before === null ? null : (cell(then, key) ?? 0),
      })),
    }
  },
}

export const adoption: PanelSpec = {
  id: 'product.adoption',
  title: 'Adoption by workflow',
  unit: 'requests in each interval',
  definition: 'Requests that ended, by the workflow (feature) that they name; the most used in the range first.',
  span: 6,
  height: 292,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'request',
      dimensions: ['workflow_id'],
      measures: ['count'],
      step: scope.range.step,
      limit: 5000,
    })
    const series = seriesBy(answer, scope, 'workflow_id', 'count', 'bar', NAMELESS)
    return {
      type: 'series',
      format: 'count',
      series,
      href: tracesHref(scope),
      ...(series.length === 0 && { empty: 'No request ended in this range.' }),
    }
  },
}

export const outcomes: PanelSpec = {
  id: 'product.outcomes',
  title: 'Workflows and what they bring',
  unit: 'traces that began in the range',
  definition:
    'Traces by workflow. A trace succeeds when it ended without failure and nobody said that its outcome is failure; outcomes may be revised later. Cost per success is all that the workflow’s traces cost / its successes.',
  span: 12,
  async load(ask, scope) {
    const query = {
      kind: 'trace' as const,
      dimensions: ['workflow_id' as const],
      measures: ['count', 'success_rate', 'successes', 'cost_usd', 'cost_per_success_usd', 'latency_p50_ms'] as const,
      limit: 500,
    }
    const asked = { ...query, measures: [...query.measures] }
    const [now, before] = await Promise.all([ask.metrics(asked), ask.metricsBefore(asked)])
    const then = byKey(before, 'workflow_id')
    return {
      type: 'table',
      sort: 'cost',
      bar: 'cost',
      columns: [
        { key: 'workflow', label: 'Workflow', format: 'text' },
        { key: 'traces', label: 'Traces', format: 'count' },
        { key: 'before', label: 'Before', format: 'count', definition: 'Traces in the period that is compared with' },
        { key: 'rate', label: 'Success', format: 'percent' },
        { key: 'cost', label: 'Cost', format: 'usd' },
        { key: 'each', label: 'Per success', format: 'usd', definition: 'All its cost / its successes' },
        { key: 'eachBefore', label: 'Per success before', format: 'usd', hidden: true },
        { key: 'p50', label: 'Median length', format: 'duration', hidden: true },
      ],
      rows: now.data.map((row) => {
        const id = String(row.workflow_id ?? '')
        return {
          key: id,
          cells: {
            workflow: label(row, 'workflow_id', NAMELESS),
            traces: size(row, 'count'),
            before: before === null ? null : size(then.get(id), 'count'),
            rate: cell(row, 'success_rate'),
            cost: cell(row, 'cost_usd'),
            each: cell(row, 'cost_per_success_usd'),
            eachBefore: cell(then.get(id), 'cost_per_success_usd'),
            p50: cell(row, 'latency_p50_ms'),
          },
          ...(id !== '' && { href: tracesHref(scope, { workflow_id: id }) }),
        }
      }),
      ...(now.data.length === 0 && { empty: 'No trace began in this range.' }),
    }
  },
}
