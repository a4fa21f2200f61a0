import { FAILURE_CLASSES } from '../../../../../workers/contract/failure.ts'
import type { TraceSort, TracesQuery } from '../../../../../workers/contract/trace.ts'
import type { TableSort } from '../../ui/table/table.ts'

/** What may have happened in a trace, however it ended. Repeated here, so that the browser need not load the contract. */
export const TRACE_MARKS = ['errors', 'retries', 'fallbacks'] as const satisfies NonNullable<TracesQuery['has']>[]

/** By what the list is sorted. Repeated here, so that the browser need not load the contract. */
export const TRACE_SORTS = [
  'started_at',
  'name',
  'agent_id',
  'status',
  'duration_ms',
  'cost_usd',
  'tokens',
  'llm_calls',
] as const satisfies TraceSort[]
const NEWEST_FIRST: TableSort = { key: 'started_at', down: true }

/** How the URL sorts the list: newest first, unless it says otherwise in a way that is known. */
export function parseTraceSort(params: URLSearchParams): TableSort {
  const key = TRACE_SORTS.find((name) => name === params.get('sort'))
  return key === undefined ? NEWEST_FIRST : { key, down: params.get('order') !== 'asc' }
}

/** The parameters of the list in another order; null by a column in whose order the server has no traces. */
export function withTraceSort(params: URLSearchParams, { key, down }: TableSort): URLSearchParams | null {
  if (!(TRACE_SORTS as readonly string[]).includes(key)) return null
  const next = new URLSearchParams(params)
  for (const name of ['cursor', 'sort', 'order']) next.delete(name)
  if (key !== NEWEST_FIRST.key || !down) next.set('sort', key)
  if (!down) next.set('order', 'asc')
  return next
}

/** Filters of the trace list: their names in the URL are the API's. */
export const TRACE_FILTERS = [
  { name: 'q', label: 'Search' },
  { name: 'status', label: 'Status' },
  { name: 'error_type', label: 'Error' },
  { name: 'agent_id', label: 'Agent' },
  { name: 'workflow_id', label: 'Workflow' },
  { name: 'workflow_version', label: 'Version' },
  { name: 'model', label: 'Model' },
  { name: 'prompt_version', label: 'Prompt version' },
  { name: 'provider', label: 'Provider' },
  { name: 'user_id', label: 'User' },
  { name: 'environment', label: 'Environment' },
  { name: 'has', label: 'With' },
  { name: 'leak', label: 'Leak' },
  { name: 'failure_class', label: 'Failure class' },
  { name: 'failure_type', label: 'Failure type' },
  { name: 'failure_hash', label: 'Error message hash' },
  { name: 'failure_step', label: 'Failed step' },
  { name: 'failure_tool', label: 'Failed tool' },
  { name: 'failure_model', label: 'Failed model' },
  { name: 'min_cost_usd', label: 'Min cost' },
] as const
export type TraceFilterName = (typeof TRACE_FILTERS)[number]['name']
export type TraceFilters = Partial<Record<TraceFilterName, string>>

const VALUE_CHARS_MAX = 200
const COST = /^\d{1,7}(\.\d{1,9})?$/

const KNOWN: Partial<Record<TraceFilterName, readonly string[]>> = { has: TRACE_MARKS, failure_class: FAILURE_CLASSES }

/** The filters that the URL sets. A cost that is no number is dropped, and named. */
export function parseTraceFilters(params: URLSearchParams): { filters: TraceFilters; problem: string | null } {
  const filters: TraceFilters = {}
  let problem: string | null = null
  for (const { name } of TRACE_FILTERS) {
    const value = params.get(name)?.trim().slice(0, VALUE_CHARS_MAX) ?? ''
    const known: readonly string[] | undefined = KNOWN[name]
    if (value === '' || known?.includes(value) === false) continue
    if (name === 'min_cost_usd' && !COST.test(plainCost(value))) {
      problem = `“${value.slice(0, 20)}” is not an amount in US dollars.`
      continue
    }
    filters[name] = name === 'min_cost_usd' ? plainCost(value) : value
  }
  return { filters, problem }
}

function plainCost(value: string): string {
  return value.replace(/^\$/, '').replace(/^\./, '0.')
}

/** Parameters without one filter, or without all of them; the cursor goes with them. */
export function withoutFilter(params: URLSearchParams, name?: TraceFilterName): URLSearchParams {
  const next = new URLSearchParams(params)
  next.delete('cursor')
  for (const filter of TRACE_FILTERS) if (name === undefined || filter.name === name) next.delete(filter.name)
  return next
}

/** Filters that are set, with the words for them. */
export function activeFilters(filters: TraceFilters): { name: TraceFilterName; label: string; value: string }[] {
  return TRACE_FILTERS.flatMap(({ name, label }) => {
    const value = filters[name]
    return value === undefined ? [] : [{ name, label, value: name === 'min_cost_usd' ? `≥ $${value}` : value }]
  })
}

/** What the API is asked for. */
export function traceQuery(
  filters: TraceFilters,
  range: { from_ms: number; to_ms: number },
  cursor: string | null,
  sort: TableSort = NEWEST_FIRST,
): Record<string, string> {
  const query: Record<string, string> = {
    ...filters,
    ...(sort !== NEWEST_FIRST && { sort: sort.key, order: sort.down ? 'desc' : 'asc' }),
    from: new Date(range.from_ms).toISOString(),
    to: new Date(range.to_ms).toISOString(),
    limit: '50',
  }
  if (cursor !== null) query.cursor = cursor
  return query
}

/** Appends a page; a trace that a later page repeats is kept where it was first seen. */
export function appendPage<Row extends { trace_id: string }>(rows: readonly Row[], page: readonly Row[]): Row[] {
  const seen = new Set(rows.map((row) => row.trace_id))
  return [...rows, ...page.filter((row) => !seen.has(row.trace_id))]
}
