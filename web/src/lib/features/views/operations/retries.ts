import type { TraceSummary } from '../../../../../../workers/contract/trace.ts'
import type { Dimension, Kind, MetricsAnswer, MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { Column, PanelSpec, Scope, TableRow } from '../panel.ts'
import { label, noteOf, share, size } from '../shape.ts'
import { traceFilters, tracesHref, tracesProject, untold } from '../scope.ts'
import { unlessFiltered } from './head.ts'
import { TracePage } from './live.ts'

/** Traces whose end tells whether trying again helped: a page of the list. */
const TRACES_MAX = 200

const COLUMNS: Column[] = [
  { key: 'retries', label: 'Retries', format: 'count' },
  { key: 'retry_rate', label: 'Retry rate', format: 'percent', definition: 'Retries ÷ calls.' },
  {
    key: 'retries_ok',
    label: 'Retry helped',
    format: 'percent',
    definition: `Of the newest ${TRACES_MAX} requests of the project that are over and had a retry: those that succeeded after all.`,
  },
  { key: 'fallbacks', label: 'Fallbacks', format: 'count' },
  { key: 'fallback_rate', label: 'Fallback rate', format: 'percent', definition: 'Fallbacks ÷ calls.' },
  {
    key: 'fallbacks_ok',
    label: 'Fallback helped',
    format: 'percent',
    definition: `Of the newest ${TRACES_MAX} requests of the project that are over and fell back: those that succeeded after all.`,
  },
]

/** What two answers, and the traces of what they count, say of the same names. */
export interface RetryAnswers {
  calls: MetricsAnswer | null
  retries: MetricsAnswer | null
  fallbacks: MetricsAnswer | null
  retried: readonly TraceSummary[]
  fallen: readonly TraceSummary[]
}

/** Calls, retries and fallbacks of the same name side by side; names that were neither retried nor fell back are left out. */
export function retryRows(answers: RetryAnswers, dimensions: readonly Dimension[], { href, isOf }: Naming): TableRow[] {
  const keyOf = (row: MetricsRow) => dimensions.map((name) => String(row[name] ?? '')).join('\0')
  const by = (answer: MetricsAnswer | null) => new Map((answer?.data ?? []).map((row) => [keyOf(row), row]))
  const [calls, retries, fallbacks] = [by(answers.calls), by(answers.retries), by(answers.fallbacks)]
  return [...new Map([...fallbacks, ...retries])].map(([key, row]) => {
    const count = (of: Map<string, MetricsRow>) => size(of.get(key), 'count')
    return {
      key,
      cells: {
        ...Object.fromEntries(dimensions.map((name) => [name, label(row, name)])),
        calls: count(calls),
        retries: count(retries),
        retry_rate: share(count(retries), count(calls)),
        retries_ok: helped(answers.retried.filter((trace) => isOf(trace, row))),
        fallbacks: count(fallbacks),
        fallback_rate: share(count(fallbacks), count(calls)),
        fallbacks_ok: helped(answers.fallen.filter((trace) => isOf(trace, row))),
      },
      href: href(row),
    }
  })
}

interface Naming {
  href: (row: MetricsRow) => string
  /** Whether a trace is one of those that a row counts. */
  isOf: (trace: TraceSummary, row: MetricsRow) => boolean
}

/** Share of the traces that are over which succeeded. */
function helped(traces: readonly TraceSummary[]): number | null {
  const over = traces.filter(({ complete }) => complete)
  return share(over.filter(({ status, outcome }) => status === 'ok' && outcome !== 'failure').length, over.length)
}

async function loadRows(ask: Ask, scope: Scope, dimensions: Dimension[], naming: Naming) {
  const of = (kind: Kind) => unlessFiltered(ask.metrics({ kind, dimensions, measures: ['count'] }))
  const [calls, retries, fallbacks, retried, fallen] = await Promise.all([
    of('llm'),
    of('retry'),
    of('fallback'),
    tracesWith(ask, scope, 'retries'),
    tracesWith(ask, scope, 'fallbacks'),
  ])
  const notes = [noteOf(calls, retries, fallbacks), ...untold(scope).map((words) => `what helped is ${words}`)]
  const note = notes.filter((one) => one !== undefined).join(', ')
  const rows = retryRows({ calls, retries, fallbacks, retried, fallen }, dimensions, naming)
  return {
    rows,
    sort: 'retries',
    bar: 'retries',
    ...(note !== '' && { note }),
    ...(rows.length === 0 && { empty: 'Nothing was retried and nothing fell back in this range.' }),
  }
}

async function tracesWith(ask: Ask, scope: Scope, has: 'retries' | 'fallbacks'): Promise<TraceSummary[]> {
  const { data } = await ask.projectQuery(TracePage, [tracesProject(scope).id, 'traces'], {
    ...traceFilters(scope),
    has,
    from: new Date(scope.range.from_ms).toISOString(),
    to: new Date(scope.range.to_ms).toISOString(),
    limit: String(TRACES_MAX),
  })
  return data
}

/** A filter of the traces, unless it has no value. */
const only = (name: string, value: unknown) => (value ? { [name]: String(value) } : {})

export const retriesByModel: PanelSpec = {
  id: 'operations.retries_models',
  title: 'Retries and fallbacks by model',
  unit: 'events, and shares of the model’s calls',
  definition:
    'agent.retry and agent.fallback.triggered events by the model and provider that they name; calls are its model calls. Retries of tools name no model.',
  span: 6,
  async load(ask, scope) {
    const naming: Naming = {
      href: (row) =>
        tracesHref(scope, { has: 'retries', ...only('model', row.model), ...only('provider', row.provider) }),
      isOf: ({ models }, row) => models.includes(String(row.model)),
    }
    return {
      type: 'table',
      columns: [
        { key: 'model', label: 'Model', format: 'text' },
        { key: 'provider', label: 'Provider', format: 'text' },
        { key: 'calls', label: 'Calls', format: 'count' },
        ...COLUMNS,
      ],
      ...(await loadRows(ask, scope, ['model', 'provider'], naming)),
    }
  },
}

export const retriesByWorkflow: PanelSpec = {
  id: 'operations.retries_workflows',
  title: 'Retries and fallbacks by workflow',
  unit: 'events, and shares of the workflow’s model calls',
  definition: 'agent.retry and agent.fallback.triggered events by workflow; calls are its model calls.',
  span: 6,
  async load(ask, scope) {
    const naming: Naming = {
      href: (row) => tracesHref(scope, { has: 'retries', ...only('workflow_id', row.workflow_id) }),
      isOf: ({ workflow_id }, row) => (workflow_id ?? '') === String(row.workflow_id),
    }
    return {
      type: 'table',
      columns: [
        { key: 'workflow_id', label: 'Workflow', format: 'text' },
        { key: 'calls', label: 'Model calls', format: 'count' },
        ...COLUMNS,
      ],
      ...(await loadRows(ask, scope, ['workflow_id'], naming)),
    }
  },
}
