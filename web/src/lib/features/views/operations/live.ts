import * as z from 'zod'
import { TraceSummary } from '../../../../../../workers/contract/trace.ts'
import type { PanelSpec, TableRow } from '../panel.ts'
import { traceFilters, tracesProject, untold } from '../scope.ts'

const SHOWN = 10
export const TracePage = z.object({ data: z.array(TraceSummary) })

export const lastRequests: PanelSpec = {
  id: 'operations.last',
  title: 'Last requests',
  unit: 'the newest traces of the project, whatever the range',
  definition: 'The traces that began last, running or over. The live view shows each event as it comes.',
  span: 12,
  async load(ask, scope) {
    const project = tracesProject(scope)
    const { data } = await ask.projectQuery(TracePage, [project.id, 'traces'], {
      ...traceFilters(scope),
      limit: String(SHOWN),
    })
    const notes = untold(scope)
    return {
      type: 'table',
      columns: [
        { key: 'name', label: 'Request', format: 'text' },
        { key: 'status', label: 'Status', format: 'text' },
        { key: 'error', label: 'Error', format: 'text' },
        { key: 'started', label: 'Began', format: 'datetime' },
        { key: 'duration', label: 'Took', format: 'duration' },
        { key: 'retries', label: 'Retries', format: 'count' },
        { key: 'cost', label: 'Cost', format: 'usd' },
      ],
      rows: data.map((trace) => rowOf(trace, scope.org, project.slug)),
      more: [{ label: 'Watch live', href: `/${scope.org}/live?project=${encodeURIComponent(project.slug)}` }],
      ...(notes.length > 0 && { note: notes.join(', ') }),
      ...(data.length === 0 && {
        empty:
          Object.keys(traceFilters(scope)).length > 0
            ? 'No request passes these filters.'
            : 'No request has come yet. Send an event to see it here.',
      }),
    }
  },
}

function rowOf(trace: TraceSummary, org: string, project: string): TableRow {
  return {
    key: trace.trace_id,
    cells: {
      name: trace.name,
      status: trace.status,
      error: trace.error_type,
      started: Date.parse(trace.started_at),
      duration: trace.complete ? trace.duration_ms : null,
      retries: trace.retries,
      cost: trace.cost_usd,
    },
    href: `/${org}/traces/${encodeURIComponent(trace.trace_id)}?project=${encodeURIComponent(project)}`,
  }
}
