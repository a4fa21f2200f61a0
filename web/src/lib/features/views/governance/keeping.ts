import type * as z from 'zod'
import { Org } from '../../../../../../workers/contract/api.ts'
import { MoveAnswer } from '../../../../../../workers/contract/move.ts'
import { Retention } from '../../../../../../workers/contract/retention.ts'
import { progressOf } from '../../../move.ts'
import { daysText, KEPT } from '../../../retention.ts'
import { HOUR_MS } from '../../filters/range.ts'
import { REGION_NAMES, storesOf } from '../../../residency.ts'
import type { Column, PanelSpec, Scope, Shaped } from '../panel.ts'

const PROJECTS_MAX = 25
/** A pass begins 20 hours after the last, within the hour, and may need some runs. */
const LATE_MS = 26 * HOUR_MS
type Kept = z.infer<typeof Retention>
type Project = Scope['projects'][number]

const REMOVED: { name: keyof Kept['removed']; label: string; hidden?: true }[] = [
  { name: 'events', label: 'Events removed' },
  { name: 'traces', label: 'Traces removed' },
  { name: 'metrics', label: 'Sums removed' },
  { name: 'archive', label: 'Files removed' },
  { name: 'dead_letters', label: 'Dead letters removed', hidden: true },
]

export const retentionState: PanelSpec = {
  id: 'governance.retention',
  title: 'Retention',
  unit: 'of each project, now',
  definition:
    'How long each project keeps its data, when everything due was last removed, and what was removed so far, from the retention of each project. A pass comes once a day. Only the filters of project and workspace narrow it.',
  span: 12,
  async load(ask, scope) {
    const projects = chosen(scope)
    const kept = await Promise.all(
      projects.slice(0, PROJECTS_MAX).map(async (project) => ({
        project,
        kept: await ask.project(Retention, project.id, 'retention'),
      })),
    )
    const shaped = shapeRetention(kept, scope)
    if (projects.length <= PROJECTS_MAX) return shaped
    return { ...shaped, note: `the first ${PROJECTS_MAX} of ${projects.length} projects: filter by project` }
  },
}

function chosen({ projects, filters }: Scope): readonly Project[] {
  return projects.filter(
    ({ id, workspace_id }) =>
      (filters.project?.includes(id) ?? true) && (filters.workspace?.includes(workspace_id) ?? true),
  )
}

export function shapeRetention(
  rows: readonly { project: Project; kept: Kept }[],
  { org, nowMs }: Pick<Scope, 'org' | 'nowMs'>,
): Shaped {
  const columns: Column[] = [
    { key: 'project', label: 'Project', format: 'text' },
    ...KEPT.map(({ name, label, about }): Column => ({ key: name, label, format: 'text', definition: about })),
    { key: 'state', label: 'State', format: 'text' },
    { key: 'checked', label: 'Last pass', format: 'datetime' },
    ...REMOVED.map(({ name, label, hidden }): Column => ({
      key: name,
      label,
      format: 'count',
      ...(hidden && { hidden }),
    })),
  ]
  return {
    type: 'table',
    columns,
    rows: rows.map(({ project, kept }) => ({
      key: project.id,
      cells: {
        project: project.name,
        ...Object.fromEntries(KEPT.map(({ name }) => [name, kept[name] === null ? 'for ever' : daysText(kept[name])])),
        state: stateOf(kept, nowMs),
        checked: kept.checked_at === null ? null : Date.parse(kept.checked_at),
        ...Object.fromEntries(REMOVED.map(({ name }) => [name, kept.removed[name] ?? 0])),
      },
      href: `/${org}/settings/retention?${new URLSearchParams({ project: project.slug })}`,
    })),
    sort: 'project',
    ...(rows.length === 0 && { empty: 'No project is let through by the filters: clear them.' }),
  }
}

/** Whether what is due is removed in time. */
export function stateOf(kept: Kept, nowMs: number): string {
  if (KEPT.every(({ name }) => kept[name] === null)) return 'nothing is removed'
  if (kept.checked_at === null) return 'first pass within a day'
  return nowMs - Date.parse(kept.checked_at) > LATE_MS ? 'late' : 'in time'
}

export const residency: PanelSpec = {
  id: 'governance.residency',
  title: 'Residency',
  unit: 'of the organization, now',
  definition:
    'The region of the organization, and what it promises of each kind of data where the product runs on Cloudflare. No filter narrows it.',
  span: 6,
  async load(ask, scope) {
    const [org, { move }] = await Promise.all([ask.org(Org), ask.org(MoveAnswer, 'move')])
    const moving = move?.state === 'running' ? `; it is being moved: ${progressOf(move)}` : ''
    return shapeResidency(org.region, moving, scope)
  },
}

export function shapeResidency(
  region: z.infer<typeof Org>['region'],
  moving: string,
  { org }: Pick<Scope, 'org'>,
): Shaped {
  return {
    type: 'table',
    columns: [
      { key: 'what', label: 'Data', format: 'text' },
      { key: 'where', label: 'Where', format: 'text' },
      { key: 'promised', label: 'Pinned', format: 'text' },
      { key: 'store', label: 'Store', format: 'text', hidden: true },
    ],
    rows: storesOf(region).map(({ what, store, where, promised }) => ({
      key: what,
      cells: { what, store, where, promised },
    })),
    note: `region ${REGION_NAMES[region]} (${region})${moving}`,
    more: [{ label: 'Region and moving', href: `/${org}/settings/region` }],
  }
}
