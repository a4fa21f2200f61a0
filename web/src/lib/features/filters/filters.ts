import type { SpendFilter } from '../../../../../workers/contract/api.ts'
import type { MetricsQuery } from '../../../../../workers/contract/metrics.ts'

/** Filters of the views. Their names in the URL are those of the trace list, so that links carry them along. */
export const VIEW_FILTERS = [
  { name: 'workspace', label: 'Workspace', dimension: 'workspace_id' },
  { name: 'project', label: 'Project', dimension: 'project_id' },
  { name: 'environment', label: 'Environment', dimension: 'environment' },
  { name: 'agent_id', label: 'Agent', dimension: 'agent_id' },
  { name: 'workflow_id', label: 'Workflow', dimension: 'workflow_id' },
  { name: 'workflow_version', label: 'Version', dimension: 'workflow_version' },
  { name: 'provider', label: 'Provider', dimension: 'provider' },
  { name: 'model', label: 'Model', dimension: 'model' },
  { name: 'user_id', label: 'User', dimension: 'user_id' },
] as const
export type FilterName = (typeof VIEW_FILTERS)[number]['name']
/** What is let through, by filter: any of these values. A filter that is not set is absent. */
export type Filters = Partial<Record<FilterName, string[]>>
export type SpendFilters = Partial<Record<SpendFilter, readonly string[]>>

/** The filters as the metrics take them. */
export function metricsFilters({ filters }: { filters: Filters }): MetricsQuery['filters'] {
  return VIEW_FILTERS.flatMap(({ name, dimension }) => {
    const values = filters[name]
    return values === undefined ? [] : [{ dimension, op: 'eq' as const, values }]
  })
}

/** The filters as the ledger takes them. */
export function spendFilters({ filters }: { filters: Filters }): SpendFilters {
  return Object.fromEntries(
    VIEW_FILTERS.flatMap(({ name }) => {
      const values = filters[name]
      return values === undefined ? [] : [[name.replace(/_id$/, ''), values]]
    }),
  )
}

const UNFILTERABLE = /carry no (\w+)|cannot be told apart by (\w+)/

/** Why an answer of the metrics cannot be had with the filters that are set; null where that is not what they say. */
export function unfilterable(detail: string): string | null {
  const [, ofKind, ofMeasure] = UNFILTERABLE.exec(detail) ?? []
  const dimension = ofKind ?? ofMeasure
  if (dimension === undefined) return null
  const label = VIEW_FILTERS.find((filter) => filter.dimension === dimension)?.label ?? dimension
  return `This cannot be told apart by “${label}”: clear that filter to see it.`
}

const VALUES_MAX = 20
const VALUE_CHARS_MAX = 200

/** Reads the filters of a URL; a name may come several times. */
export function parseFilters(params: URLSearchParams): Filters {
  const filters: Filters = {}
  for (const { name } of VIEW_FILTERS) {
    const values = [...new Set(params.getAll(name).map((value) => value.trim().slice(0, VALUE_CHARS_MAX)))]
    const said = values.filter((value) => value !== '').slice(0, VALUES_MAX)
    if (said.length > 0) filters[name] = said
  }
  return filters
}

/** Parameters with one value more. */
export function withFilter(params: URLSearchParams, name: FilterName, value: string): URLSearchParams {
  const next = new URLSearchParams(params)
  if (!next.getAll(name).includes(value)) next.append(name, value)
  return next
}

/** Parameters without one value, or without any filter. */
export function withoutFilters(params: URLSearchParams, name?: FilterName, value?: string): URLSearchParams {
  const next = new URLSearchParams(params)
  if (name === undefined) for (const filter of VIEW_FILTERS) next.delete(filter.name)
  else {
    const left = next.getAll(name).filter((one) => one !== value)
    next.delete(name)
    for (const one of left) next.append(name, one)
  }
  return next
}

/** `?changes=off` hides what happened from charts over time. */
export const CHANGES_PARAM = 'changes'

export const COMPARISONS = ['previous', 'week', 'none'] as const
export type Comparison = (typeof COMPARISONS)[number]
export const COMPARISON_WORDS: Record<Comparison, string> = {
  previous: 'period before',
  week: 'same time a week before',
  none: 'nothing',
}

/** `?compare=`; the period before where nothing is said. */
export function parseComparison(params: URLSearchParams): Comparison {
  return COMPARISONS.find((name) => name === params.get('compare')) ?? 'previous'
}
