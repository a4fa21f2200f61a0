import * as z from 'zod'
import { TraceSummary, TracesAnswer, TracesQuery } from '../../../contract/trace.ts'
import { at, queryOf } from '../caller.ts'
import { pageUrl, traceUrl } from '../links.ts'
import { projectAsked, ProjectInput } from '../place.ts'
import { RangeInput, RangeOutput, rangeAsked } from '../range.ts'
import { count, lines, money, quoted } from '../say.ts'
import { tool } from '../tool.ts'

/** What the lists of traces and of failures are narrowed by. */
export const TraceFilters = TracesQuery.omit({
  from: true,
  to: true,
  sort: true,
  order: true,
  limit: true,
  cursor: true,
})
const FILTER_NAMES = Object.keys(TraceFilters.shape) as (keyof typeof TraceFilters.shape)[]

/** Those of the arguments that narrow. */
export function traceFilters(asked: z.output<typeof TraceFilters>): Record<string, string | undefined> {
  return Object.fromEntries(FILTER_NAMES.map((name) => [name, asked[name]]))
}

const Row = TraceSummary.pick({
  trace_id: true,
  name: true,
  started_at: true,
  duration_ms: true,
  complete: true,
  status: true,
  outcome: true,
  error_type: true,
  error_class: true,
  environment: true,
  agent_id: true,
  workflow_id: true,
  workflow_version: true,
  user_id: true,
  models: true,
  llm_calls: true,
  tool_calls: true,
  errors: true,
  retries: true,
  unpriced: true,
  cost_usd: true,
  tokens_prompt: true,
  tokens_completion: true,
}).extend({ url: z.string() })

/** Runs of agents. */
export const listTraces = tool({
  name: 'list_traces',
  title: 'Traces',
  description:
    'Runs of agents in one project, newest first unless sorted: status, failure, cost, tokens and duration. Names and ids are what agents reported.',
  input: z.object({
    ...ProjectInput,
    ...RangeInput,
    ...TraceFilters.shape,
    sort: TracesQuery.shape.sort,
    order: TracesQuery.shape.order,
    limit: z.number().int().min(1).max(100).default(20),
    cursor: z.string().max(2000).optional().describe('With the same arguments as before'),
  }),
  output: z.object({
    ...RangeOutput,
    sampled: z.boolean().describe('True: only the newest 50,000 of the range were sorted, those since "from"'),
    traces: z.array(Row),
    next_cursor: z.string().nullable(),
    url: z.string(),
  }),
  async run(asked, caller) {
    const { org, project } = await projectAsked(caller, asked)
    const range = rangeAsked(asked, caller.nowMs, org.time_zone)
    const { sort, order, limit, cursor } = asked
    const filters = traceFilters(asked)
    const query = queryOf({ from: range.from, to: range.to, ...filters, sort, order, limit, cursor })
    const path = at`/api/v1/projects/${project.id}/traces` + query
    const { data, next_cursor, from, sampled } = await caller.ask(path, TracesAnswer)
    const traces = data.map((trace) => ({
      ...Row.omit({ url: true }).parse(trace),
      url: traceUrl(caller, org, project, trace.trace_id),
    }))
    const url = pageUrl(caller, org, 'traces', { ...range.link, project: project.slug, ...filters, sort, order })
    const said = traces.map(
      (trace) =>
        `${trace.started_at} ${quoted(trace.name || trace.trace_id)}: ${trace.error_type ?? trace.status}, ${money(trace.cost_usd)}, ${trace.duration_ms} ms`,
    )
    const text = [
      `${count(traces.length, 'trace')} of ${quoted(project.name)} from ${from} to ${range.to}.`,
      ...(said.length > 0 ? [lines(said, next_cursor !== null)] : []),
      url,
    ].join('\n')
    return { data: { from, to: range.to, sampled, traces, next_cursor, url }, text }
  },
})
