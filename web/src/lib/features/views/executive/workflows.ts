import { addUsd, nanoOf } from '../../../money.ts'
import type { PanelSpec } from '../panel.ts'
import { cell, HOURLY, label, seriesBy } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const TOP = 5

/** The dearest workflows, over time. */
export const dearestWorkflows: PanelSpec = {
  id: 'executive.workflows',
  title: 'Five most expensive workflows',
  unit: 'US dollars in each interval',
  definition:
    'What the traces that began in the interval cost, by the workflow that they name; the five that cost most in the range.',
  span: 6,
  height: 272,
  async load(ask, scope) {
    if (scope.range.step === 'minute') return { type: 'series', format: 'usd', series: [], empty: HOURLY }
    const answer = await ask.metrics({
      kind: 'trace',
      dimensions: ['workflow_id'],
      measures: ['cost_usd'],
      step: scope.range.step,
      limit: 5000,
    })
    const costs = new Map<string, string>()
    for (const row of answer.data) {
      const key = label(row, 'workflow_id', '')
      costs.set(key, addUsd([costs.get(key) ?? '0', String(cell(row, 'cost_usd') ?? '0')]))
    }
    const top = [...costs].sort(([, a], [, b]) => (nanoOf(b) > nanoOf(a) ? 1 : -1)).slice(0, TOP)
    const kept = new Set(top.map(([key]) => key))
    const series = seriesBy(
      { ...answer, data: answer.data.filter((row) => kept.has(label(row, 'workflow_id', ''))) },
      scope,
      'workflow_id',
      'cost_usd',
      'bar',
      'no workflow named',
    )
    return {
      type: 'series',
      format: 'usd',
      series,
      href: tracesHref(scope),
      ...(series.length === 0 && { empty: 'Nothing was spent in this range.' }),
    }
  },
}
