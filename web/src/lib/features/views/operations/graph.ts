import type { Dimension, Kind, MetricsAnswer, MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import type { Ask } from '../ask.ts'
import type { GraphEdge, PanelSpec, Scope, TableRow } from '../panel.ts'
import { label, noteOf, share, size } from '../shape.ts'
import { tracesHref } from '../scope.ts'
import { FAILED } from './failures.ts'
import { unlessFiltered } from './head.ts'

const EDGES_MAX = 40
const ROWS_MAX = 200
const LEFT = ['agent_id', 'workflow_id'] as const
type Left = (typeof LEFT)[number]
const NAMES: Record<Left, string> = { agent_id: 'Agent', workflow_id: 'Workflow' }

/** What is called, by the kind of the call. */
const TARGETS = [
  { kind: 'llm', dimension: 'model', word: 'model' },
  { kind: 'tool', dimension: 'tool_name', word: 'tool' },
] as const
type Target = (typeof TARGETS)[number]

/** Calls of one kind, as an answer tells them. */
export interface Told {
  target: Target
  answer: MetricsAnswer | null
}

async function told(ask: Ask, query: (target: Target) => Parameters<Ask['metrics']>[0]): Promise<Told[]> {
  return Promise.all(
    TARGETS.map(async (target) => ({ target, answer: await unlessFiltered(ask.metrics(query(target))) })),
  )
}

export const dependencies: PanelSpec = {
  id: 'operations.dependencies',
  title: 'Who calls what, and what fails there',
  unit: 'calls of models and tools; the wider a line the more calls, the redder the more of them failed',
  definition:
    'Model calls and tool calls by who makes them. Error rate is calls with status error or blocked ÷ calls; retries are agent.retry events that name the caller and the model. Choose an interval in a chart to see how it was then.',
  span: 12,
  async load(ask, scope) {
    const left = leftOf(scope)
    const [calls, retries] = await Promise.all([
      told(ask, ({ kind, dimension }) => ({
        kind,
        dimensions: [left, dimension],
        measures: ['count', 'errors'],
        limit: 5000,
      })),
      unlessFiltered(ask.metrics({ kind: 'retry', dimensions: [left, 'model'], measures: ['count'], limit: 5000 })),
    ])
    const edges = edgesOf(calls, retries, left, scope)
    const shown = edges.slice(0, EDGES_MAX)
    const cut =
      edges.length > EDGES_MAX ? `the ${EDGES_MAX} lines of ${edges.length} with the most failures` : undefined
    const note = [noteOf(...calls.map(({ answer }) => answer)), cut].filter((one) => one !== undefined).join(', ')
    return {
      type: 'graph',
      layers: [NAMES[left], 'Model or tool'],
      edges: shown,
      controls: [
        {
          param: 'callers',
          label: 'Callers',
          value: left,
          options: LEFT.map((value) => ({ value, label: `${NAMES[value]}s` })),
        },
      ],
      ...(note !== '' && { note }),
      ...(edges.length === 0 && { empty: 'No model and no tool was called in this range.' }),
    }
  },
}

const leftOf = ({ params }: Scope): Left => LEFT.find((one) => one === params.callers) ?? 'agent_id'

/** A line for each caller and what it calls: where most failed first, then where most was called. */
export function edgesOf(calls: readonly Told[], retries: MetricsAnswer | null, left: Left, scope: Scope): GraphEdge[] {
  const retried = new Map(
    (retries?.data ?? []).map((row) => [`${String(row[left] ?? '')}\0${String(row.model ?? '')}`, size(row, 'count')]),
  )
  return calls
    .flatMap(({ target, answer }) =>
      (answer?.data ?? []).map((row): GraphEdge => {
        const [from, to] = [String(row[left] ?? ''), String(row[target.dimension] ?? '')]
        return {
          key: `${target.kind}\0${from}\0${to}`,
          from: label(row, left),
          to: label(row, target.dimension, `${target.word} not named`),
          kind: target.word,
          calls: size(row, 'count'),
          failed: size(row, 'errors'),
          retries: target.kind === 'llm' ? (retried.get(`${from}\0${to}`) ?? 0) : null,
          href: tracesHref(scope, tracesOf(row, left, target)),
        }
      }),
    )
    .sort((a, b) => b.failed - a.failed || b.calls - a.calls || a.key.localeCompare(b.key))
}

const FAILED_AT = { llm: 'failure_model', tool: 'failure_tool' }

/** Filters of the traces behind a row; those that failed where it has failures. */
function tracesOf(row: MetricsRow, left: Left, { kind, dimension }: Target): Record<string, string> {
  const failed = size(row, 'errors') > 0
  const target = String(row[dimension] ?? '')
  return {
    ...(row[left] ? { [left]: String(row[left]) } : {}),
    ...(target === ''
      ? failed && { has: 'errors' }
      : failed
        ? { [FAILED_AT[kind]]: target }
        : kind === 'llm' && { model: target }),
  }
}

export const cascades: PanelSpec = {
  id: 'operations.cascades',
  title: 'How failures spread',
  unit: 'failed calls by agent, step and what was called, in the order in which each first failed',
  definition:
    'Model and tool calls with status error or blocked. First, worst and last are intervals of the range: what failed first may have pulled down what failed after it. Failed is of all calls with the same agent, step and model or tool.',
  span: 12,
  async load(ask, scope) {
    const dimensions = (target: Target): Dimension[] => ['agent_id', 'step', target.dimension]
    const [failed, all] = await Promise.all([
      told(ask, (target) => ({
        kind: target.kind,
        dimensions: dimensions(target),
        measures: ['count'],
        filters: FAILED,
        step: scope.range.step,
        limit: 5000,
      })),
      told(ask, (target) => ({ kind: target.kind, dimensions: dimensions(target), measures: ['count'], limit: 5000 })),
    ])
    const rows = cascadeRows(failed, all, scope)
    const note = noteOf(...failed.map(({ answer }) => answer), ...all.map(({ answer }) => answer))
    return {
      type: 'table',
      columns: [
        { key: 'agent', label: 'Agent', format: 'text' },
        { key: 'step', label: 'Step', format: 'text' },
        { key: 'target', label: 'Model or tool', format: 'text' },
        { key: 'failed', label: 'Failed', format: 'count' },
        { key: 'calls', label: 'Calls', format: 'count' },
        { key: 'rate', label: 'Error rate', format: 'percent' },
        { key: 'first', label: 'First failed', format: 'datetime' },
        { key: 'worst', label: 'Worst', format: 'datetime' },
        { key: 'peak', label: 'Failed then', format: 'count' },
        { key: 'last', label: 'Last failed', format: 'datetime' },
      ],
      rows: rows.slice(0, ROWS_MAX),
      bar: 'failed',
      ...(note !== undefined && { note }),
      ...(rows.length === 0 && { empty: 'No model call and no tool call failed in this range.' }),
    }
  },
}

/** What failed by agent, step and target, those that failed first on top; the traces are of the worst interval. */
export function cascadeRows(failed: readonly Told[], all: readonly Told[], scope: Scope): TableRow[] {
  const calls = new Map(
    all.flatMap(({ target, answer }) => rowsOf(target, answer).map(([key, row]) => [key, size(row, 'count')])),
  )
  const found = new Map<string, { row: MetricsRow; target: Target; times: Map<number, number> }>()
  for (const { target, answer } of failed)
    for (const [key, row] of rowsOf(target, answer)) {
      const one = found.get(key) ?? { row, target, times: new Map<number, number>() }
      const time = Date.parse(String(row.time))
      one.times.set(time, (one.times.get(time) ?? 0) + size(row, 'count'))
      found.set(key, one)
    }
  const rows = [...found].map(([key, { row, target, times }]) => {
    const counts = [...times].sort(([a, n], [b, m]) => m - n || a - b)
    const [worst, peak] = counts[0] ?? [0, 0]
    const total = counts.reduce((sum, [, n]) => sum + n, 0)
    return {
      key,
      cells: {
        agent: label(row, 'agent_id'),
        step: label(row, 'step'),
        target: label(row, target.dimension),
        failed: total,
        calls: calls.get(key) ?? total,
        rate: share(total, calls.get(key) ?? total),
        first: Math.min(...times.keys()),
        worst,
        peak,
        last: Math.max(...times.keys()),
      },
      href: tracesHref(scope, { ...tracesOf(row, 'agent_id', target), has: 'errors' }, intervalAt(worst, scope)),
    }
  })
  return rows.sort((a, b) => a.cells.first - b.cells.first || b.cells.failed - a.cells.failed)
}

function rowsOf(target: { kind: Kind; dimension: Dimension }, answer: MetricsAnswer | null): [string, MetricsRow][] {
  return (answer?.data ?? []).map((row) => [
    [target.kind, row.agent_id, row.step, row[target.dimension]].map((part) => String(part ?? '')).join('\0'),
    row,
  ])
}

function intervalAt(start: number, { range }: Scope): { from_ms: number; to_ms: number } {
  const at = range.buckets.indexOf(start)
  return {
    from_ms: Math.max(start, range.from_ms),
    to_ms: at < 0 ? range.to_ms : (range.buckets[at + 1] ?? range.to_ms),
  }
}
