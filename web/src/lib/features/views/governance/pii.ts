import type { MetricsAnswer, MetricsQuery } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, Scope, Shaped } from '../panel.ts'
import { label, noteOf, size } from '../shape.ts'
import { byWorkflow } from './matrix.ts'

const EMPTY =
  'No personal data was found in this range. What is redacted from kept content is counted by itself; agents report more as pii_detected and pii_redacted.'
const SOURCE = 'pii_detected and pii_redacted of events, with what is found in kept content before it is stored'
const FOUND = ['pii_detected', 'pii_redacted', 'count'] satisfies MetricsQuery['measures']

export const piiByType: PanelSpec = {
  id: 'governance.pii-types',
  title: 'Personal data by type',
  unit: 'findings',
  definition: `Findings and redactions by type: ${SOURCE}. “Not redacted” is findings less redactions, type by type. “unknown” is what was reported without a type.`,
  span: 6,
  async load(ask) {
    const answer = await ask.metrics({ kind: 'pii', measures: FOUND, dimensions: ['pii_type'], limit: 1000 })
    return shapePiiTypes(answer)
  },
}

export function shapePiiTypes(answer: MetricsAnswer): Shaped {
  const note = noteOf(answer)
  return {
    type: 'table',
    columns: [
      { key: 'type', label: 'Type', format: 'text' },
      { key: 'found', label: 'Found', format: 'count' },
      { key: 'redacted', label: 'Redacted', format: 'count' },
      { key: 'left', label: 'Not redacted', format: 'count' },
      { key: 'events', label: 'Events', format: 'count' },
    ],
    rows: answer.data.map((row) => {
      const [found, redacted] = [size(row, 'pii_detected'), size(row, 'pii_redacted')]
      return {
        key: label(row, 'pii_type'),
        cells: {
          type: label(row, 'pii_type'),
          found,
          redacted,
          left: Math.max(0, found - redacted),
          events: size(row, 'count'),
        },
      }
    }),
    sort: 'found',
    bar: 'found',
    ...(answer.data.length === 0 && { empty: EMPTY }),
    ...(note !== undefined && { note }),
  }
}

export const piiByWorkflow: PanelSpec = {
  id: 'governance.pii-workflows',
  title: 'Personal data by workflow',
  unit: 'findings',
  definition: `Findings by workflow and type: ${SOURCE}. A cell leads to the traces of its workflow.`,
  span: 6,
  async load(ask, scope) {
    const answer = await ask.metrics({
      kind: 'pii',
      measures: ['pii_detected'],
      dimensions: ['workflow_id', 'pii_type'],
      limit: 5000,
    })
    return shapePiiWorkflows(answer, scope)
  },
}

export function shapePiiWorkflows(answer: MetricsAnswer, scope: Scope): Shaped {
  const { columns, others, rows } = byWorkflow(answer, scope, { dimension: 'pii_type', measure: 'pii_detected' })
  const note = noteOf(answer)
  return {
    type: 'heatmap',
    format: 'count',
    x: 'type',
    y: 'workflow',
    columns: [
      ...columns.map((key) => ({ key, label: key || 'not named' })),
      ...(others > 0 ? [{ key: 'others', label: `${others} others` }] : []),
    ],
    rows,
    ...(answer.data.length === 0 && { empty: EMPTY }),
    ...(note !== undefined && { note }),
  }
}
