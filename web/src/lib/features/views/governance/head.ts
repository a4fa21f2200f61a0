import type { Dimension, MetricsAnswer, MetricsQuery } from '../../../../../../workers/contract/metrics.ts'
import type { Figure, PanelSpec, Scope, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { noteOf, size } from '../shape.ts'
import { RESULT } from './decisions.ts'
import { STOPPING } from './stopped.ts'

type Asked = Pick<MetricsQuery, 'kind' | 'measures' | 'dimensions'> & Partial<Pick<MetricsQuery, 'filters'>>
const DECISIONS: Asked = { kind: 'policy', measures: ['count'], dimensions: [RESULT] }
const STOPPED: Asked = {
  kind: 'request',
  measures: ['count'],
  dimensions: ['error_type'],
  filters: [{ dimension: 'error_type', op: 'eq', values: STOPPING }],
}

/** The answers of one period; null where there is no period. */
export interface Counts {
  decisions: MetricsAnswer | null
  stopped: MetricsAnswer | null
}

export const figures: PanelSpec = {
  id: 'governance.figures',
  title: 'Rules and limits',
  unit: 'in the range',
  definition:
    'Decisions of policies (agent.policy.decision by policy_result), and requests that a budget or a loop guard stopped (agent.request.completed by error_type).',
  span: 12,
  async load(ask, scope) {
    const [decisions, stopped, decisionsBefore, stoppedBefore] = await Promise.all([
      ask.metrics(DECISIONS),
      ask.metrics(STOPPED),
      ask.metricsBefore(DECISIONS),
      ask.metricsBefore(STOPPED),
    ])
    return shapeFigures({ decisions, stopped }, { decisions: decisionsBefore, stopped: stoppedBefore }, scope)
  },
}

export function shapeFigures(now: Counts, before: Counts, scope: Scope): Shaped {
  const figure = (
    key: string,
    label: string,
    of: (counts: Counts) => number | null,
    more: Partial<Figure> = {},
  ): Figure => ({ key, label, format: 'count', value: of(now), before: of(before), ...more })
  const result = (value?: string) => (counts: Counts) => countOf(counts.decisions, RESULT, value)
  const error = (value: string) => (counts: Counts) => countOf(counts.stopped, 'error_type', value)
  const traces = (error_type: string) => ({ better: 'less' as const, href: tracesHref(scope, { error_type }) })
  const note = noteOf(now.decisions, now.stopped)
  return {
    type: 'figures',
    figures: [
      figure('decisions', 'Policy decisions', result(), {
        definition: 'All agent.policy.decision, whatever their result.',
        href: tracesHref(scope),
      }),
      figure('blocked', 'Blocked', result('block'), {
        definition: 'Decisions with policy_result block. Leads to traces that ended with policy_blocked.',
        ...traces('policy_blocked'),
      }),
      figure('escalated', 'Escalated', result('escalate'), {
        definition: 'Decisions with policy_result escalate: a person was asked.',
      }),
      figure('allowed', 'Allowed', result('allow'), { definition: 'Decisions with policy_result allow.' }),
      figure('budget', 'Over budget', error('budget_exceeded'), {
        definition: 'Requests that ended with budget_exceeded.',
        ...traces('budget_exceeded'),
      }),
      figure('loops', 'Loops', error('loop_detected'), {
        definition: 'Requests that ended with loop_detected.',
        ...traces('loop_detected'),
      }),
    ],
    ...(note !== undefined && { note }),
  }
}

/** Counts of one value of a dimension, or of all. */
function countOf(answer: MetricsAnswer | null, dimension: Dimension, value?: string): number | null {
  if (answer === null) return null
  const rows = answer.data.filter((row) => value === undefined || row[dimension] === value)
  return rows.reduce((sum, row) => sum + size(row, 'count'), 0)
}
