import type { MetricsAnswer, MetricsQuery } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { noteOf, overTime, size } from '../shape.ts'
import { RESULT } from './decisions.ts'

type Asked = Pick<MetricsQuery, 'kind' | 'measures' | 'filters'>
/** Decisions that ask a person. */
export const ESCALATED: Asked = {
  kind: 'policy',
  measures: ['count'],
  filters: [{ dimension: RESULT, op: 'eq', values: ['escalate'] }],
}
/** Requests that nobody approved in time. */
export const TIMED_OUT: Asked = {
  kind: 'request',
  measures: ['count'],
  filters: [{ dimension: 'error_type', op: 'eq', values: ['approval_timeout'] }],
}

export const escalations: PanelSpec = {
  id: 'governance.escalations',
  title: 'Escalations',
  unit: 'in each interval',
  definition:
    'Decisions with policy_result escalate (agent.policy.decision), and requests that ended with approval_timeout (agent.request.completed).',
  span: 6,
  async load(ask, scope) {
    const { step, buckets } = scope.range
    const [escalated, timedOut] = await Promise.all([
      ask.metrics({ ...ESCALATED, step, limit: 5000 }),
      ask.metrics({ ...TIMED_OUT, step, limit: 5000 }),
    ])
    const empty = 'Nothing was escalated in this range. Escalations come with policy_result escalate.'
    const note = noteOf(escalated, timedOut)
    return {
      type: 'series',
      format: 'count',
      series: [
        {
          key: 'escalated',
          label: 'Escalated',
          kind: 'line',
          color: 'var(--color-warning)',
          values: overTime(escalated, buckets, 'count'),
        },
        {
          key: 'timed_out',
          label: 'Not approved in time',
          kind: 'line',
          color: 'var(--color-danger)',
          values: overTime(timedOut, buckets, 'count'),
        },
      ],
      href: tracesHref(scope),
      ...(escalated.data.length + timedOut.data.length === 0 && { empty }),
      ...(note !== undefined && { note }),
    }
  },
}

export const escalatedBy: PanelSpec = {
  id: 'governance.escalated-by',
  title: 'Escalations by workflow',
  unit: 'decisions, requests',
  definition:
    'Decisions with policy_result escalate, and requests that ended with approval_timeout, by workflow. A workflow leads to its requests that nobody approved in time, or to all of them where none was.',
  span: 6,
  async load(ask, scope) {
    const [escalated, timedOut] = await Promise.all(
      [ESCALATED, TIMED_OUT].map((query) => ask.metrics({ ...query, dimensions: ['workflow_id'], limit: 5000 })),
    )
    return shapeEscalatedBy(escalated ?? null, timedOut ?? null, scope)
  },
}

export function shapeEscalatedBy(
  escalated: MetricsAnswer | null,
  timedOut: MetricsAnswer | null,
  scope: Scope,
): Shaped {
  const [decisions, requests] = [escalated, timedOut].map(
    (answer) => new Map((answer?.data ?? []).map((row) => [String(row['workflow_id'] ?? ''), size(row, 'count')])),
  )
  const workflows = [...new Set([...(decisions?.keys() ?? []), ...(requests?.keys() ?? [])])]
  return {
    type: 'table',
    columns: [
      { key: 'workflow', label: 'Workflow', format: 'text' },
      { key: 'escalated', label: 'Escalated', format: 'count' },
      { key: 'timed_out', label: 'Not approved in time', format: 'count' },
    ],
    rows: workflows.map((workflow) => {
      const late = requests?.get(workflow) ?? 0
      return {
        key: workflow,
        cells: { workflow: workflow || 'not named', escalated: decisions?.get(workflow) ?? 0, timed_out: late },
        href: tracesHref(scope, {
          ...(workflow !== '' && { workflow_id: workflow }),
          ...(late > 0 && { error_type: 'approval_timeout' }),
        }),
      }
    }),
    sort: 'escalated',
    bar: 'escalated',
    ...(workflows.length === 0 && { empty: 'No workflow escalated anything in this range.' }),
  }
}
