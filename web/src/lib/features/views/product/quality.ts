import type { PanelSpec } from '../panel.ts'
import { cell, label, noteOf, overTime, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'

export const qualityOverTime: PanelSpec = {
  id: 'product.quality',
  title: 'Quality scores',
  unit: 'mean of each score, as it was sent',
  definition: 'The mean of each score that events carried in the interval, by its name: sum of values / their number.',
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'score',
      dimensions: ['score_name'],
      measures: ['score_avg', 'count'],
      step: scope.range.step,
      limit: 5000,
    })
    const names = [...new Set(answer.data.map((row) => String(row.score_name ?? '')))].sort()
    return {
      type: 'series',
      format: 'number',
      series: names.map((name) => ({
        key: name,
        label: name,
        kind: 'line',
        values: overTime(answer, scope.range.buckets, 'score_avg', (row) => row.score_name === name),
      })),
      ...(names.length === 0 && { empty: 'No event of this range carries scores. Send them in its field “scores”.' }),
    }
  },
}

export const qualityByVersion: PanelSpec = {
  id: 'product.quality_by_version',
  title: 'Quality by workflow and version',
  unit: 'mean of each score',
  definition: 'Scores of the range by workflow, version and prompt: sum of values / their number.',
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'score',
      dimensions: ['workflow_id', 'workflow_version', 'score_name'],
      measures: ['score_avg', 'count'],
      limit: 1000,
    })
    const note = noteOf(answer)
    return {
      type: 'table',
      sort: 'workflow',
      columns: [
        { key: 'workflow', label: 'Workflow', format: 'text' },
        { key: 'version', label: 'Version', format: 'text' },
        { key: 'score', label: 'Score', format: 'text' },
        { key: 'mean', label: 'Mean', format: 'number' },
        { key: 'count', label: 'Values', format: 'count' },
      ],
      rows: answer.data.map((row) => ({
        key: `${row.workflow_id} ${row.workflow_version} ${row.score_name}`,
        cells: {
          workflow: label(row, 'workflow_id', 'no workflow named'),
          version: label(row, 'workflow_version', '–'),
          score: label(row, 'score_name'),
          mean: cell(row, 'score_avg'),
          count: size(row, 'count'),
        },
        ...(row.workflow_id !== '' && {
          href: tracesHref(scope, {
            workflow_id: String(row.workflow_id),
            ...(row.workflow_version !== '' && { workflow_version: String(row.workflow_version) }),
          }),
        }),
      })),
      ...(answer.data.length === 0 && { empty: 'No event of this range carries scores.' }),
      ...(note !== undefined && { note }),
    }
  },
}
