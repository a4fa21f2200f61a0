import * as z from 'zod'
import { Dimension, KINDS, Measure, MetricsAnswer, MetricsQuery, STEPS } from '../../../contract/metrics.ts'
import { at } from '../caller.ts'
import { pageUrl } from '../links.ts'
import { ProjectInput, projectsAsked } from '../place.ts'
import { RangeInput, RangeOutput, rangeAsked } from '../range.ts'
import { count, lines, quoted } from '../say.ts'
import { tool } from '../tool.ts'

/** Of numbers; what answers in lists, or asks for more, is for charts. */
const Told = Measure.exclude(['latency_histogram', 'latency_within_rate'])
const USUAL: z.infer<typeof Told>[] = [
  'count',
  'errors',
  'success_rate',
  'latency_p50_ms',
  'latency_p90_ms',
  'latency_p99_ms',
]

/** How agents do. */
export const getMetrics = tool({
  name: 'get_metrics',
  title: 'Metrics',
  description:
    'How agents do: counts, success rate (0 to 1), latency percentiles in milliseconds, tokens and others, over time and by up to two dimensions. "kind" says what is counted: requests of agents, model calls (llm), tool calls, steps … Percentiles are approximate to two percent. For money ask get_spend.',
  input: z.object({
    ...ProjectInput,
    ...RangeInput,
    kind: z.enum(KINDS).default('request'),
    measures: z.array(Told).min(1).max(10).default(USUAL),
    dimensions: z.array(Dimension).max(2).default([]),
    step: z.enum(STEPS).default('total'),
    time_zone: z.string().max(64).optional().describe('IANA zone in which days are cut; the organization’s own'),
    filters: MetricsQuery.shape.filters.unwrap().max(10).default([]),
    order: MetricsQuery.shape.order,
    limit: z.number().int().min(1).max(200).default(50),
  }),
  output: z.object({
    ...RangeOutput,
    time_zone: z.string(),
    rows: z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null()]))),
    truncated: z.boolean().describe('True: there are more rows than "limit"; narrow the question'),
    approximate: z.boolean(),
    sampled: z.boolean(),
    url: z.string(),
  }),
  async run(asked, caller) {
    const { org, projects } = await projectsAsked(caller, asked)
    const time_zone = asked.time_zone ?? org.time_zone
    const { from, to, link } = rangeAsked(asked, caller.nowMs, time_zone)
    const { kind, measures, dimensions, step, order, limit } = asked
    const project = asked.project === undefined ? undefined : projects[0]
    const filters = [
      ...asked.filters,
      ...(project === undefined ? [] : [{ dimension: 'project_id' as const, op: 'eq' as const, values: [project.id] }]),
    ]
    const query = {
      kind,
      measures,
      dimensions,
      filters,
      from,
      to,
      step,
      time_zone,
      order,
      limit,
    } satisfies MetricsQuery
    const { data, meta } = await caller.ask(at`/api/v1/orgs/${org.id}/metrics/query`, MetricsAnswer, query)
    const rows = data as Record<string, string | number | null>[]
    const url = pageUrl(caller, org, 'operations', { ...link, project: project?.slug, ...shownBy(asked.filters) })
    const said = rows.map((row) =>
      Object.entries(row)
        .map(([name, value]) => `${name} ${typeof value === 'string' ? quoted(value, 40) : value}`)
        .join(', '),
    )
    const text = [
      `${count(rows.length, 'row')} of kind ${kind} in ${quoted(org.name)} from ${meta.from ?? from} to ${meta.to ?? to}.`,
      ...(said.length > 0 ? [lines(said, false)] : []),
      url,
    ].join('\n')
    const { truncated, approximate, sampled } = meta
    return {
      data: { from: meta.from ?? from, to: meta.to ?? to, time_zone, rows, truncated, approximate, sampled, url },
      text,
    }
  },
})

/** Filters that the dashboard's views have too. */
const SHOWN: ReadonlySet<string> = new Set([
  'environment',
  'agent_id',
  'workflow_id',
  'workflow_version',
  'provider',
  'model',
  'user_id',
])

function shownBy(filters: MetricsQuery['filters']): Record<string, string[]> {
  return Object.fromEntries(
    filters.flatMap(({ dimension, op, values }) => (op === 'eq' && SHOWN.has(dimension) ? [[dimension, values]] : [])),
  )
}
