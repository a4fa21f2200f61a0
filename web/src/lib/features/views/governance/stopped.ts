import { FAILURES } from '../../../../../../workers/contract/failure.ts'
import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { label, noteOf, size } from '../shape.ts'

/** Failures of class governance, and loops: what rules and limits stop. */
export const STOPPING: string[] = [
  ...Object.entries(FAILURES).flatMap(([name, of]) => (of === 'governance' ? [name] : [])),
  'loop_detected',
]

const WORDS: Record<string, string> = {
  policy_blocked: 'Blocked by a policy',
  approval_timeout: 'Nobody approved in time',
  budget_exceeded: 'Over budget',
  loop_detected: 'In a loop',
}

export const stoppedRequests: PanelSpec = {
  id: 'governance.stopped',
  title: 'Blocked requests',
  unit: 'requests',
  definition: `Requests that ended with an error_type of class governance, or in a loop: agent.request.completed with ${STOPPING.join(', ')}. Each row leads to its traces.`,
  span: 6,
  height: 152,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'request',
      measures: ['count'],
      dimensions: ['error_type', 'workflow_id', 'agent_id'],
      filters: [{ dimension: 'error_type', op: 'eq', values: STOPPING }],
      limit: 5000,
    })
    return shapeStopped(answer, scope)
  },
}

export function shapeStopped(answer: MetricsAnswer, scope: Scope): Shaped {
  const note = noteOf(answer)
  return {
    type: 'table',
    columns: [
      { key: 'why', label: 'Why', format: 'text' },
      { key: 'workflow', label: 'Workflow', format: 'text' },
      { key: 'agent', label: 'Agent', format: 'text' },
      { key: 'count', label: 'Requests', format: 'count' },
    ],
    rows: answer.data.map((row) => {
      const [why, workflow, agent] = [
        label(row, 'error_type'),
        label(row, 'workflow_id', ''),
        label(row, 'agent_id', ''),
      ]
      return {
        key: [why, workflow, agent].join('\0'),
        cells: { why: WORDS[why] ?? why, workflow, agent, count: size(row, 'count') },
        href: tracesHref(scope, {
          error_type: why,
          ...(workflow !== '' && { workflow_id: workflow }),
          ...(agent !== '' && { agent_id: agent }),
        }),
      }
    }),
    sort: 'count',
    bar: 'count',
    ...(answer.data.length === 0 && { empty: 'No request was stopped by a policy, an approval, a budget or a loop.' }),
    ...(note !== undefined && { note }),
  }
}
