import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import type { PanelData, Scope } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { size } from '../shape.ts'

const COLUMNS_MAX = 12

type Heatmap = Extract<PanelData, { type: 'heatmap' }>

/**
 * Workflows against the values of a dimension, the greatest first. What is past twelve columns is one column more, so
 * that rows add up. A cell leads to the traces of its workflow.
 * @param first whether a value stands before greater ones.
 */
export function byWorkflow(
  answer: MetricsAnswer,
  scope: Scope,
  { dimension, measure, first = () => false }: { dimension: string; measure: string; first?: (key: string) => boolean },
): { columns: string[]; others: number; rows: Heatmap['rows'] } {
  const all = keysBySize(answer, dimension, measure).sort((a, b) => Number(first(b)) - Number(first(a)))
  const columns = all.length > COLUMNS_MAX ? all.slice(0, COLUMNS_MAX - 1) : all
  const others = all.length - columns.length
  const rows = keysBySize(answer, 'workflow_id', measure).map((workflow) => {
    const counts = new Map(
      answer.data
        .filter((row) => String(row['workflow_id'] ?? '') === workflow)
        .map((row) => [String(row[dimension] ?? ''), size(row, measure)]),
    )
    const rest = [...counts].reduce((sum, [key, count]) => (columns.includes(key) ? sum : sum + count), 0)
    const values = [...columns.map((key) => counts.get(key) ?? null), ...(others > 0 ? [rest || null] : [])]
    const href = tracesHref(scope, workflow === '' ? {} : { workflow_id: workflow })
    return {
      key: workflow,
      label: workflow || 'not named',
      values,
      hrefs: values.map((value) => (value === null ? null : href)),
    }
  })
  return { columns, others, rows }
}

function keysBySize(answer: MetricsAnswer, dimension: string, measure: string): string[] {
  const totals = new Map<string, number>()
  for (const row of answer.data) {
    const key = String(row[dimension] ?? '')
    totals.set(key, (totals.get(key) ?? 0) + size(row, measure))
  }
  return [...totals].sort(([a, m], [b, n]) => n - m || a.localeCompare(b)).map(([key]) => key)
}
