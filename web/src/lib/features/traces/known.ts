import { FAILURE_CLASSES, FAILURES } from '../../../../../workers/contract/failure.ts'
import type { Dimension, MetricsAnswer, MetricsQuery } from '../../../../../workers/contract/metrics.ts'
import type { TraceFilterName } from './filter.ts'

const LOOK_BACK_MS = 30 * 86_400_000
const VALUES_MAX = 200
const HOUR_MS = 3_600_000

/** Which agents, workflows and models were seen in the last 30 days, and what can fail: three questions for all filters. */
export function knownQueries(projectId: string, nowMs: number): Partial<MetricsQuery>[] {
  const to = Math.ceil(nowMs / HOUR_MS) * HOUR_MS
  const shared: Partial<MetricsQuery> = {
    filters: [{ dimension: 'project_id', op: 'eq', values: [projectId] }],
    measures: ['count'],
    limit: 500,
    from: new Date(to - LOOK_BACK_MS).toISOString(),
    to: new Date(to).toISOString(),
  }
  return [
    { ...shared, kind: 'request', dimensions: ['agent_id', 'workflow_id', 'workflow_version'] },
    { ...shared, kind: 'llm', dimensions: ['provider', 'model', 'prompt_version', 'environment', 'step'] },
    { ...shared, kind: 'tool', dimensions: ['tool_name', 'step'] },
  ]
}

/** Whose values each filter has. */
const SEEN: Partial<Record<TraceFilterName, Dimension>> = {
  agent_id: 'agent_id',
  workflow_id: 'workflow_id',
  workflow_version: 'workflow_version',
  provider: 'provider',
  model: 'model',
  prompt_version: 'prompt_version',
  environment: 'environment',
  failure_step: 'step',
  failure_tool: 'tool_name',
  failure_model: 'model',
}

/** The values of each dimension, in order. */
export function shapeKnown(answers: readonly MetricsAnswer[]): Partial<Record<TraceFilterName, string[]>> {
  const known: Partial<Record<TraceFilterName, string[]>> = {
    failure_class: [...FAILURE_CLASSES],
    failure_type: Object.keys(FAILURES),
  }
  for (const [name, dimension] of Object.entries(SEEN) as [TraceFilterName, Dimension][]) {
    const values = new Set(
      answers
        .flatMap((answer) => answer.data.map((row) => row[dimension]))
        .filter((value) => typeof value === 'string' && value !== ''),
    )
    if (values.size > 0)
      known[name] = ([...values] as string[]).sort((left, right) => left.localeCompare(right)).slice(0, VALUES_MAX)
  }
  return known
}
