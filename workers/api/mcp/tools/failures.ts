import * as z from 'zod'
import { MetricsAnswer, type MetricsQuery } from '../../../contract/metrics.ts'
import { Failure, FailuresAnswer } from '../../../contract/trace.ts'
import { at, queryOf } from '../caller.ts'
import { pageUrl, traceUrl } from '../links.ts'
import { projectAsked, ProjectInput } from '../place.ts'
import { RangeInput, RangeOutput, rangeAsked } from '../range.ts'
import { count, lines, quoted } from '../say.ts'
import { tool } from '../tool.ts'
import { TraceFilters, traceFilters } from './traces.ts'

const WORKFLOWS_MAX = 20
/** Of the filters of traces, those that requests are counted by too. */
const COUNTED_BY = ['environment', 'agent_id', 'workflow_id', 'workflow_version'] as const

/** What fails, how and where. */
export const getFailures = tool({
  name: 'get_failures',
  title: 'Failures',
  description:
    'What failed in the traces of one project, most frequent first: class and type of the failure taxonomy, the step, tool and model where it happened, how many traces had it, when first and last; and failed requests by workflow and version. Messages are told apart by hash only; get_trace has their words.',
  input: z.object({
    ...ProjectInput,
    ...RangeInput,
    ...TraceFilters.shape,
    limit: z.number().int().min(1).max(100).default(20),
  }),
  output: z.object({
    ...RangeOutput,
    sampled: z.boolean().describe('True: only the newest 50,000 traces of the range, those since "from"'),
    failures: z.array(
      Failure.extend({
        traces: z.number(),
        first_at: z.string(),
        last_at: z.string(),
        url: z.string().describe('The traces that had it'),
        last_trace_url: z.string(),
      }),
    ),
    workflows: z
      .array(
        z.object({
          workflow_id: z.string(),
          workflow_version: z.string(),
          error_type: z.string(),
          failed_requests: z.number(),
        }),
      )
      .describe('Empty ids stand for what events did not name; narrowed by environment, agent and workflow only'),
    url: z.string(),
  }),
  async run(asked, caller) {
    const { org, project } = await projectAsked(caller, asked)
    const { from: start, to, link } = rangeAsked(asked, caller.nowMs, org.time_zone)
    const filters = traceFilters(asked)
    const query = queryOf({ from: start, to, ...filters, limit: asked.limit })
    const [{ data, from, sampled }, workflows] = await Promise.all([
      caller.ask(at`/api/v1/projects/${project.id}/failures` + query, FailuresAnswer),
      caller.ask(at`/api/v1/orgs/${org.id}/metrics/query`, MetricsAnswer, byWorkflow(project.id, start, to, filters)),
    ])
    const failures = data.map(({ last_trace_id, ...failure }) => ({
      ...failure,
      url: pageUrl(caller, org, 'traces', { ...link, project: project.slug, ...filters, ...failureFilters(failure) }),
      last_trace_url: traceUrl(caller, org, project, last_trace_id),
    }))
    const url = pageUrl(caller, org, 'operations', { ...link, project: project.slug, ...filters })
    const said = failures.map(
      ({ error_class, error_type, step, tool_name, model, traces }) =>
        `${error_class}/${error_type} in ${count(traces, 'trace')}${where({ step, tool_name, model })}`,
    )
    const text = [
      failures.length === 0
        ? `Nothing failed in ${quoted(project.name)} from ${from} to ${to}.`
        : `${count(failures.length, 'kind')} of failure in ${quoted(project.name)} from ${from} to ${to}:`,
      ...(said.length > 0 ? [lines(said, false)] : []),
      url,
    ].join('\n')
    return { data: { from, to, sampled, failures, workflows: workflowsOf(workflows), url }, text }
  },
})

/** Filters of the list of traces that this failure passes. */
function failureFilters({ error_class, error_type, error_message_hash, step, tool_name, model }: Failure) {
  return {
    failure_class: error_class,
    failure_type: error_type,
    failure_hash: error_message_hash ?? undefined,
    failure_step: step ?? undefined,
    failure_tool: tool_name ?? undefined,
    failure_model: model ?? undefined,
  }
}

function where(at: Record<string, string | null>): string {
  const said = Object.entries(at).flatMap(([name, value]) => (value === null ? [] : [`${name} ${quoted(value, 40)}`]))
  return said.length === 0 ? '' : `, ${said.join(', ')}`
}

function byWorkflow(projectId: string, from: string, to: string, filters: Record<string, string | undefined>) {
  const narrowed = COUNTED_BY.flatMap((dimension) => {
    const value = filters[dimension]
    return value === undefined ? [] : [{ dimension, op: 'eq' as const, values: [value] }]
  })
  return {
    kind: 'request',
    measures: ['errors'],
    dimensions: ['workflow_id', 'workflow_version', 'error_type'],
    filters: [{ dimension: 'project_id', op: 'eq', values: [projectId] }, ...narrowed],
    from,
    to,
    step: 'total',
    time_zone: 'UTC',
    order: { by: 'errors', direction: 'desc' },
    limit: WORKFLOWS_MAX,
  } satisfies MetricsQuery
}

function workflowsOf({ data }: MetricsAnswer) {
  return data
    .map((row) => ({
      workflow_id: String(row.workflow_id ?? ''),
      workflow_version: String(row.workflow_version ?? ''),
      error_type: String(row.error_type ?? ''),
      failed_requests: Number(row.errors ?? 0),
    }))
    .filter(({ failed_requests }) => failed_requests > 0)
}
