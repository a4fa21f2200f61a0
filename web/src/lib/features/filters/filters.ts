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
