import { addUsd } from '../../../money.ts'
import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { Figure, PanelSpec } from '../panel.ts'
import { cell, size, usdEach } from '../shape.ts'
import { tracesHref } from '../scope.ts'

interface Units {
  cost: string
  successes: number
  requests: number
  calls: number
}

/** What a success, a request and a call cost, of everything that was spent. */
export const unitEconomics: PanelSpec = {
  id: 'executive.units',
  title: 'Unit economics',
  unit: 'US dollars each',
  definition:
    'All that the traces of the range cost, divided by what came of it: traces that succeeded (outcome success, or none said and no failure), requests that ended, and calls of models and tools. Failures are paid for too, so the cost of a success holds theirs.',
  span: 6,
  height: 88,
  async load(ask) {
    const [now, before] = await Promise.all([
      unitsOf((query) => ask.metrics(query)),
      unitsOf((query) => ask.metricsBefore(query)),
    ])
    if (now === null || now.requests === 0)
      return { type: 'figures', figures: [], empty: 'Nothing ended in this range, so there is nothing to divide by.' }
    return { type: 'figures', figures: figuresOf(now, before) }
  },
}

type Query = Parameters<Ask['metrics']>[0]

async function unitsOf(ask: (query: Query) => Promise<MetricsAnswer | null>): Promise<Units | null> {
  const [traces, requests, models, tools] = await Promise.all([
    ask({ kind: 'trace', measures: ['cost_usd', 'successes'] }),
    ask({ kind: 'request', measures: ['count'] }),
    ask({ kind: 'llm', measures: ['count'] }),
    ask({ kind: 'tool', measures: ['count'] }),
  ])
  if (traces === null) return null
  return {
    cost: addUsd(traces.data.map((row) => String(cell(row, 'cost_usd') ?? '0'))),
    successes: size(traces.data[0], 'successes'),
    requests: size(requests?.data[0], 'count'),
    calls: size(models?.data[0], 'count') + size(tools?.data[0], 'count'),
  }
}

/** Each against the period before; less is better. */
export function figuresOf(now: Units, before: Units | null): Figure[] {
  const units = [
    ['success', 'Cost per successful task', 'successes', 'All cost / traces that succeeded'],
    ['request', 'Cost per user action', 'requests', 'All cost / requests that ended'],
    ['call', 'Cost per API call', 'calls', 'All cost / calls of models and tools'],
  ] as const
  return units.map(([key, label, by, definition]) => ({
    key,
    label,
    definition,
    format: 'usd',
    better: 'less',
    value: usdEach(now.cost, now[by]),
    before: before === null ? null : usdEach(before.cost, before[by]),
    note: `of ${now[by].toLocaleString('en')}`,
  }))
}

/** Cost against outcome, agent by agent. */
export const agentsWorth: PanelSpec = {
  id: 'executive.agents',
  title: 'Which agents are worth their cost',
  unit: 'cost of a success against the share that succeeds',
  definition:
    'Each agent by what one success costs (cost of all its traces / those that succeeded) and by its success rate (successes / traces). The size is what it cost in all. Outcomes that are revised later move it. Bottom right is dear and fails; top left is cheap and works.',
  span: 6,
  height: 304,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'trace',
      dimensions: ['agent_id'],
      measures: ['count', 'successes', 'success_rate', 'cost_usd', 'cost_per_success_usd'],
      limit: 500,
    })
    const points = answer.data
      .filter((row) => row.agent_id !== '')
      .map((row) => ({
        key: String(row.agent_id),
        label: String(row.agent_id),
        x: cell(row, 'cost_per_success_usd'),
        y: cell(row, 'success_rate'),
        size: cell(row, 'cost_usd'),
        href: tracesHref(scope, { agent_id: String(row.agent_id) }),
      }))
    return {
      type: 'scatter',
      x: { label: 'Cost per success', format: 'usd' },
      y: { label: 'Success rate', format: 'percent' },
      size: { label: 'Cost in all', format: 'usd' },
      points,
      ...(points.length === 0 && { empty: 'No trace of a named agent began in this range.' }),
    }
  },
}
