import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, TableRow } from '../panel.ts'
import { label, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

const KINDS = ['llm', 'tool', 'step'] as const

/** Which workflows fail, and at which of their steps. */
export const failingSteps: PanelSpec = {
  id: 'operations.failing',
  title: 'Where workflows fail',
  unit: 'failed operations by workflow and step',
  definition:
    'Steps, calls of models and calls of tools that ended with status error or blocked, by the workflow and the step that they name (a call of a tool without a step, by its tool). The rate is failures / all that ended there.',
  span: 6,
  async load(ask, scope) {
    const answers = await Promise.all(
      KINDS.map((kind) =>
        ask.metrics({
          kind,
          dimensions: kind === 'tool' ? ['workflow_id', 'step', 'tool_name'] : ['workflow_id', 'step'],
          measures: ['count', 'errors'],
          limit: 5000,
        }),
      ),
    )
    const rows = stepsOf(answers).map(({ workflow, step, tool, count, errors }): TableRow => ({
      key: `${workflow}\n${step || tool}`,
      cells: {
        step: step || tool || 'no step named',
        workflow: workflow || 'no workflow named',
        errors,
        count,
        rate: share(errors, count),
      },
      ...(workflow !== '' && {
        href: tracesHref(scope, {
          workflow_id: workflow,
          ...(step !== '' ? { failure_step: step } : tool !== '' ? { failure_tool: tool } : { has: 'errors' }),
        }),
      }),
    }))
    return {
      type: 'table',
      sort: 'errors',
      bar: 'errors',
      columns: [
        { key: 'step', label: 'Step', format: 'text' },
        { key: 'workflow', label: 'Workflow', format: 'text' },
        { key: 'errors', label: 'Failures', format: 'count' },
        { key: 'rate', label: 'Failure rate', format: 'percent' },
        { key: 'count', label: 'Of', format: 'count' },
      ],
      rows,
      ...(rows.length === 0 && { empty: 'Nothing failed in this range.' }),
    }
  },
}

interface StepSum {
  workflow: string
  /** Empty where none was named. */
  step: string
  /** Of calls without a step. */
  tool: string
  count: number
  errors: number
}

/** Sums of steps over kinds; those without a failure are left out. */
export function stepsOf(answers: readonly Pick<MetricsAnswer, 'data'>[]): StepSum[] {
  const sums = new Map<string, StepSum>()
  for (const row of answers.flatMap(({ data }) => data)) {
    const workflow = label(row, 'workflow_id', '')
    const step = label(row, 'step', '')
    const tool = step === '' ? label(row, 'tool_name', '') : ''
    const key = JSON.stringify([workflow, step, tool])
    const sum = sums.get(key) ?? { workflow, step, tool, count: 0, errors: 0 }
    sum.count += size(row, 'count')
    sum.errors += size(row, 'errors')
    sums.set(key, sum)
  }
  return [...sums.values()].filter(({ errors }) => errors > 0)
}
