import { Page, Workspace } from '../../../../../../workers/contract/api.ts'
import type { Ask } from '../ask.ts'
import type { Control, Scope } from '../panel.ts'
import { tracesHref } from '../scope.ts'

/** What spend is told apart by; `filter` is what lists of traces and the filter bar call it. */
export const SPEND_DIMENSIONS = [
  { group: 'org', label: 'Organization', filter: null },
  { group: 'workspace', label: 'Workspace', filter: 'workspace' },
  { group: 'project', label: 'Project', filter: 'project' },
  { group: 'agent', label: 'Agent', filter: 'agent_id' },
  { group: 'workflow', label: 'Workflow', filter: 'workflow_id' },
  { group: 'model', label: 'Model', filter: 'model' },
  { group: 'provider', label: 'Provider', filter: 'provider' },
  { group: 'user', label: 'User', filter: 'user_id' },
] as const
export type SpendDimension = (typeof SPEND_DIMENSIONS)[number]
export type DimensionGroup = SpendDimension['group']

const Workspaces = Page(Workspace)

/** What `?group=` names, by default the workflow, and what `?split=` names beside it. */
export function dimensionsOf({ params }: Pick<Scope, 'params'>): [SpendDimension] | [SpendDimension, SpendDimension] {
  const named = (param: string) => SPEND_DIMENSIONS.find(({ group }) => group === params[param])
  const first = named('group') ?? dimension('workflow')
  const second = named('split')
  return second === undefined || second.group === first.group ? [first] : [first, second]
}

export function dimension(group: DimensionGroup): SpendDimension {
  return SPEND_DIMENSIONS.find((one) => one.group === group) ?? SPEND_DIMENSIONS[0]
}

export function groupControl([first]: readonly [SpendDimension, ...SpendDimension[]]): Control {
  const options = SPEND_DIMENSIONS.map(({ group, label }) => ({ value: group, label }))
  return { param: 'group', label: 'By', value: first.group, options }
}

export function splitControl([first, second]: readonly [SpendDimension, SpendDimension?]): Control {
  const others = SPEND_DIMENSIONS.filter(({ group }) => group !== first.group)
  const options = [{ value: '', label: 'nothing' }, ...others.map(({ group, label }) => ({ value: group, label }))]
  return { param: 'split', label: 'and by', value: second?.group ?? '', options }
}

/** Names of what has an id that nobody knows by heart: `workspace wsp_…` → its name. */
export type Names = ReadonlyMap<string, string>

export async function namesOf(ask: Ask, scope: Scope, dimensions: readonly SpendDimension[]): Promise<Names> {
  const names = new Map(scope.projects.map(({ id, name }) => [`project ${id}`, name]))
  names.set('org', scope.org)
  if (!dimensions.some(({ group }) => group === 'workspace')) return names
  for (const { id, name } of (await ask.org(Workspaces, 'workspaces')).data) names.set(`workspace ${id}`, name)
  return names
}

/** What a key of a dimension is called. An empty one is of entries that name none. */
export function nameOf({ group, label }: SpendDimension, key: string, names: Names): string {
  if (group === 'org') return names.get('org') ?? key
  return (names.get(`${group} ${key}`) ?? key) || `no ${label.toLowerCase()} named`
}

/** The traces behind keys of dimensions. Lists of traces are of one project: of a workspace its first. */
export function keysHref(scope: Scope, keys: readonly [SpendDimension, string][]): string {
  const more: Record<string, string> = {}
  for (const [{ group, filter }, key] of keys) {
    if (filter === null || key === '') continue
    if (group === 'project' || group === 'workspace') {
      const own = group === 'project' ? 'id' : 'workspace_id'
      const slug = scope.projects.find((project) => project[own] === key)?.slug
      if (slug !== undefined) more.project = slug
    } else more[filter] = key
  }
  return tracesHref(scope, more)
}
