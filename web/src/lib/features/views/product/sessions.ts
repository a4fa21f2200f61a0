import { Sessions } from '../../../../../../workers/contract/compare.ts'
import type { PanelSpec } from '../panel.ts'
import { tracesHref } from '../scope.ts'

export const sessions: PanelSpec = {
  id: 'product.sessions',
  title: 'Sessions',
  unit: 'of traces that name a session',
  definition:
    'Sessions with a request in the range. Their length is from the start of the first request to the end of the last; what lies outside the range is not counted. A session with requests of several workflows is in each of their rows, and once in the first.',
  span: 6,
  height: 324,
  async load(ask, scope) {
    const [workflow] = scope.filters.workflow_id ?? []
    const [project] = scope.filters.project ?? []
    const found = await ask.orgQuery(Sessions, ['sessions'], {
      from: new Date(scope.range.from_ms).toISOString(),
      to: new Date(scope.range.to_ms).toISOString(),
      ...(workflow !== undefined && { workflow }),
      ...(project !== undefined && { project }),
    })
    const all = { ...found.total, workflow_id: null }
    return {
      type: 'table',
      columns: [
        { key: 'workflow', label: 'Workflow', format: 'text' },
        { key: 'sessions', label: 'Sessions', format: 'count' },
        { key: 'mean', label: 'Mean length', format: 'duration' },
        { key: 'median', label: 'Median length', format: 'duration' },
        { key: 'requests', label: 'Requests each', format: 'number' },
      ],
      rows: [all, ...found.data].map(({ workflow_id, ...sums }) => ({
        key: workflow_id ?? 'all sessions',
        cells: {
          workflow: workflow_id === null ? 'All workflows' : workflow_id || 'no workflow named',
          sessions: sums.sessions,
          mean: sums.length_avg_ms,
          median: sums.length_p50_ms,
          requests: sums.requests_avg,
        },
        ...(workflow_id && { href: tracesHref(scope, { workflow_id }) }),
      })),
      ...(found.sampled && { note: `since ${found.from}, as far back as sessions are looked at` }),
      ...(found.total.sessions === 0 && {
        empty: 'No trace of this range names a session. Send session_id with your events.',
      }),
    }
  },
}
