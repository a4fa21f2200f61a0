import type { Role } from '../../../../../workers/contract/api.ts'
import { dayStart } from '../../zone.ts'
import { parseComparison, parseFilters, VIEW_FILTERS, type Comparison } from '../filters/filters.ts'
import { DAY_MS, parseRange, rangeParams, withRange, type Preset, type TimeRange } from '../filters/range.ts'
import type { Scope } from './panel.ts'

interface Named {
  org: { slug: string; role: Role }
  projects: Scope['projects']
  project: { slug: string }
  zone: string
}

/** What a URL asks of a view. */
export function scopeOf(
  params: URLSearchParams,
  { org, projects, project, zone }: Named,
  nowMs: number,
  fallback?: Preset,
): Scope {
  const range = parseRange(params, nowMs, zone, fallback)
  const comparison = parseComparison(params)
  const filters = parseFilters(params)
  if (filters.project !== undefined)
    filters.project = filters.project.map((one) => projects.find(({ slug }) => slug === one)?.id ?? one)
  return {
    org: org.slug,
    role: org.role,
    range,
    before: comparedWith(range, comparison),
    comparison,
    filters,
    params: Object.fromEntries(params),
    projects,
    project: project.slug,
    nowMs,
  }
}

function comparedWith(range: TimeRange, comparison: Comparison): Scope['before'] {
  if (comparison === 'none') return null
  if (comparison === 'previous') return range.previous
  const back = (ms: number) => (range.step === 'day' ? dayStart(ms, range.zone, -7) : ms - 7 * DAY_MS)
  return { from_ms: back(range.from_ms), to_ms: back(range.to_ms), buckets: range.buckets.map(back) }
}

/** The projects that the filters let through. */
export function scopedProjects({ projects, filters }: Scope): string[] {
  return projects
    .filter(
      ({ id, workspace_id }) => filters.project?.includes(id) ?? filters.workspace?.includes(workspace_id) ?? true,
    )
    .map(({ id }) => id)
}

/** The project whose traces a view lists: the one that is filtered, else the one of the page. */
export function tracesProject({ projects, filters, project }: Scope): { id: string; slug: string } {
  const filtered = projects.find(({ id }) => id === filters.project?.[0])
  return filtered ?? projects.find(({ slug }) => slug === project) ?? { id: project, slug: project }
}

/** The list of the traces that a number was made of. */
export function tracesHref(
  scope: Scope,
  more: Record<string, string> = {},
  part: { from_ms: number; to_ms: number } | null = null,
): string {
  const query = part === null ? rangeParams(scope.range) : withRange(new URLSearchParams(), part)
  query.set('project', more.project ?? tracesProject(scope).slug)
  for (const [name, value] of Object.entries(traceFilters(scope))) query.set(name, value)
  for (const [name, value] of Object.entries(more)) if (name !== 'project') query.set(name, value)
  return `/${scope.org}/traces?${query}`
}

/** What of the filters a panel made of the list of traces does not follow, in words; nothing where it follows all. */
export function untold(scope: Scope): string[] {
  const told = traceFilters(scope)
  const left = VIEW_FILTERS.filter(({ name }) => {
    const values = scope.filters[name]
    if (values === undefined || name in told) return false
    return name !== 'project' || values.length > 1
  })
  return left.length === 0 ? [] : [`not narrowed by ${left.map(({ label }) => label.toLowerCase()).join(' and ')}`]
}

/** Filters that the list of traces takes too: it takes one value of each. */
export function traceFilters(scope: Scope): Record<string, string> {
  return Object.fromEntries(
    Object.entries(scope.filters).flatMap(([name, values]) => {
      const [only] = values
      return name !== 'project' && name !== 'workspace' && values.length === 1 && only !== undefined
        ? [[name, only]]
        : []
    }),
  )
}
