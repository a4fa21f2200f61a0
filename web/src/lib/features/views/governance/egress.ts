import type { MetricsAnswer } from '../../../../../../workers/contract/metrics.ts'
import { DAY_MS } from '../../filters/range.ts'
import type { Ask } from '../ask.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'
import { tracesHref } from '../scope.ts'
import { noteOf, size } from '../shape.ts'
import { byWorkflow } from './matrix.ts'

export const KNOWN_DAYS = 90
const ROWS_MAX = 5000
const EMPTY = 'No data left for anywhere in this range. Tools and steps report where to as egress_host.'
export const NEW_HOST = `A host is new when nothing went to it in the ${KNOWN_DAYS} days before the range, as far as charts are kept and under the same filters.`

/** Hosts that were reached, with how often. */
export function hosts(ask: Ask, period: { from_ms: number; to_ms: number }): Promise<MetricsAnswer> {
  return ask.between(
    {
      kind: 'egress',
      measures: ['count'],
      dimensions: ['egress_host'],
      order: { by: 'count', direction: 'desc' },
      limit: ROWS_MAX,
    },
    period,
  )
}

/** Hosts that are known when a period begins. */
export function hostsKnown(ask: Ask, { from_ms }: { from_ms: number }): Promise<MetricsAnswer> {
  return hosts(ask, { from_ms: from_ms - KNOWN_DAYS * DAY_MS, to_ms: from_ms })
}

export const hostsOf = (answer: MetricsAnswer): Set<string> =>
  new Set(answer.data.map((row) => String(row['egress_host'] ?? '')))

export const egressMap: PanelSpec = {
  id: 'governance.egress-map',
  title: 'Where data go',
  unit: 'operations',
  definition: `Tools and steps that sent data to a host (egress_host), by workflow and host, the hosts that were reached most first. ${NEW_HOST} A cell leads to the traces of its workflow.`,
  span: 12,
  height: 244,
  async load(ask, scope) {
    const [answer, known] = await Promise.all([
      ask.metrics({ kind: 'egress', measures: ['count'], dimensions: ['workflow_id', 'egress_host'], limit: ROWS_MAX }),
      hostsKnown(ask, scope.range),
    ])
    return shapeEgressMap(answer, known, scope)
  },
}

/** New hosts are columns before all others: they are what the panel is looked at for. */
export function shapeEgressMap(answer: MetricsAnswer, known: MetricsAnswer, scope: Scope): Shaped {
  const seen = hostsOf(known)
  const isNew = (host: string) => !seen.has(host)
  const { columns, others, rows } = byWorkflow(answer, scope, {
    dimension: 'egress_host',
    measure: 'count',
    first: isNew,
  })
  return {
    type: 'heatmap',
    format: 'count',
    tone: 'accent',
    x: 'host',
    y: 'workflow',
    columns: [
      ...columns.map((key) => ({ key, label: isNew(key) ? `${key} (new)` : key })),
      ...(others > 0 ? [{ key: 'others', label: `${others} others` }] : []),
    ],
    rows,
    ...notes(answer, known),
    ...(answer.data.length === 0 && { empty: EMPTY }),
  }
}

export const egressByTool: PanelSpec = {
  id: 'governance.egress-tools',
  title: 'Destinations by tool',
  unit: 'operations',
  definition: `Tools and steps that sent data to a host (egress_host), by host, workflow and tool; failed are those with status error or blocked. ${NEW_HOST} A host leads to the traces of its workflow.`,
  span: 12,
  async load(ask, scope) {
    const [answer, known] = await Promise.all([
      ask.metrics({
        kind: 'egress',
        measures: ['count', 'errors'],
        dimensions: ['egress_host', 'workflow_id', 'tool_name'],
        limit: ROWS_MAX,
      }),
      hostsKnown(ask, scope.range),
    ])
    return shapeEgressByTool(answer, known, scope)
  },
}

export function shapeEgressByTool(answer: MetricsAnswer, known: MetricsAnswer, scope: Scope): Shaped {
  const seen = hostsOf(known)
  const rows = answer.data.map((row) => {
    const [host, workflow, tool] = ['egress_host', 'workflow_id', 'tool_name'].map((name) => String(row[name] ?? ''))
    return {
      key: [host, workflow, tool].join('\0'),
      cells: {
        host: host ?? '',
        isNew: seen.has(host ?? '') ? '' : 'new',
        workflow: workflow ?? '',
        tool: tool ?? '',
        count: size(row, 'count'),
        failed: size(row, 'errors'),
      },
      href: tracesHref(scope, workflow ? { workflow_id: workflow } : {}),
    }
  })
  return {
    type: 'table',
    columns: [
      { key: 'host', label: 'Host', format: 'text' },
      { key: 'isNew', label: 'New', format: 'text', definition: NEW_HOST },
      { key: 'workflow', label: 'Workflow', format: 'text' },
      { key: 'tool', label: 'Tool', format: 'text' },
      { key: 'count', label: 'Operations', format: 'count' },
      { key: 'failed', label: 'Failed', format: 'count' },
    ],
    // New ones first, then those that were reached most: until a person sorts otherwise.
    rows: rows.sort(
      (a, b) =>
        b.cells.isNew.localeCompare(a.cells.isNew) || b.cells.count - a.cells.count || a.key.localeCompare(b.key),
    ),
    bar: 'count',
    ...notes(answer, known),
    ...(rows.length === 0 && { empty: EMPTY }),
  }
}

function notes(answer: MetricsAnswer, known: MetricsAnswer): { note?: string } {
  const said = [
    noteOf(answer),
    known.data.length === 0 && answer.data.length > 0
      ? `nothing is known of the ${KNOWN_DAYS} days before, so every host is new`
      : undefined,
    answer.meta.truncated || known.meta.truncated
      ? `of more than ${ROWS_MAX} combinations, not all are told`
      : undefined,
  ].filter((one) => one !== undefined)
  return said.length === 0 ? {} : { note: said.join('; ') }
}
