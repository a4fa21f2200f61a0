import type { Dimension, Kind, LatencyBins, MetricsRow } from '../../../../../../workers/contract/metrics.ts'
import type { PanelSpec, Scope, PanelData } from '../panel.ts'
import { cell, label, noteOf } from '../shape.ts'
import { tracesHref } from '../scope.ts'

type Groups = Extract<PanelData, { type: 'histogram' }>['groups']

const GROUPS_MAX = 8
const BINS_MAX = 32

/** Bins of several groups over one axis, so that their shapes can be told apart: each holds as many of the answer's. */
export function latencyGroups(rows: readonly MetricsRow[], name: (row: MetricsRow) => string): Groups {
  const told = rows.flatMap((row) => {
    const bins = Array.isArray(row.latency_histogram) ? row.latency_histogram : []
    return bins.length === 0 ? [] : [{ row, bins }]
  })
  const edges = axisOf(told.map(({ bins }) => bins))
  return told.map(({ row, bins }) => ({
    key: name(row),
    label: name(row),
    bins: binned(bins, edges),
    marks: (['p50', 'p90', 'p99'] as const).map((mark) => ({
      label: mark,
      value: Number(cell(row, `latency_${mark}_ms`) ?? 0),
    })),
  }))
}

/** Edges over all bins: equal on a logarithmic axis, and each an edge of the answer's bins, so that none is split. */
function axisOf(all: readonly LatencyBins[]): number[] {
  const bins = all.flat().filter(([from]) => from > 0)
  const [first] = bins
  // All took no time at all.
  if (first === undefined) return [0, 1]
  const low = Math.min(...bins.map(([from]) => from))
  const high = Math.max(...bins.map(([, to]) => to))
  const step = Math.log(first[1] / first[0])
  const steps = Math.round(Math.log(high / low) / step)
  const wide = Math.ceil(steps / BINS_MAX)
  return Array.from({ length: Math.ceil(steps / wide) + 1 }, (_, at) => low * Math.exp(step * wide * at))
}

function binned(bins: LatencyBins, edges: readonly number[]) {
  const found = edges.slice(1).map((to, at) => ({ from: edges[at] ?? 0, to, count: 0 }))
  for (const [from, to, count] of bins) {
    // By its middle, since edges that were computed apart may differ in the last digit; what took no time is in the first.
    const middle = Math.sqrt(from * to)
    const bin = found.find((one) => middle < one.to) ?? found.at(-1)
    if (bin !== undefined) bin.count += count
  }
  return found
}

function latency(
  of: { id: string; title: string; what: string; kind: Kind; dimension: Dimension; span: 6 | 12 },
  traces: (value: string) => Record<string, string>,
): PanelSpec {
  const { id, title, what, kind, dimension, span } = of
  return {
    id,
    title,
    unit: `${what}, by how long they took; one logarithmic axis`,
    definition: `latency_ms of ${what}, those with the most first. Bins and percentiles come from a histogram whose buckets are 4 % wide, so that percentiles are within 2 % (DDSketch, VLDB 2019).`,
    span,
    async load(ask, scope: Scope) {
      const answer = await ask.metrics({
        kind,
        dimensions: [dimension],
        measures: ['latency_count', 'latency_histogram', 'latency_p50_ms', 'latency_p90_ms', 'latency_p99_ms'],
        order: { by: 'latency_count', direction: 'desc' },
        limit: GROUPS_MAX,
      })
      const nameOf = (row: MetricsRow) => label(row, dimension)
      const groups = latencyGroups(answer.data, nameOf).map((group) => ({
        ...group,
        href: tracesHref(scope, traces(group.key)),
      }))
      const cut = answer.meta.truncated ? `the ${GROUPS_MAX} with the most calls` : undefined
      const note = [noteOf(answer), cut].filter((one) => one !== undefined).join(', ')
      return {
        type: 'histogram',
        format: 'duration',
        groups,
        ...(note !== '' && { note }),
        ...(groups.length === 0 && { empty: `No ${what} with a latency in this range.` }),
      }
    },
  }
}

export const latencyByModel = latency(
  {
    id: 'operations.latency_models',
    title: 'Latency by model',
    what: 'model calls',
    kind: 'llm',
    dimension: 'model',
    span: 6,
  },
  (model) => ({ model }),
)

export const latencyByTool = latency(
  {
    id: 'operations.latency_tools',
    title: 'Latency by tool',
    what: 'tool calls',
    kind: 'tool',
    dimension: 'tool_name',
    span: 6,
  },
  () => ({}),
)

export const latencyByProvider = latency(
  {
    id: 'operations.latency_providers',
    title: 'Latency by provider',
    what: 'model calls',
    kind: 'llm',
    dimension: 'provider',
    span: 6,
  },
  (provider) => ({ provider }),
)
