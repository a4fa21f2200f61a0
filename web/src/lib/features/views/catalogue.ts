import type { DashboardPanel } from '../../saved-views.ts'
import { EXECUTIVE_PANELS } from './executive/panels.ts'
import { headOf } from './load.ts'
import type { PanelSpec } from './panel.ts'
import { VIEWS } from './views.ts'

/** Panels that belong together, under the view in which they are found. */
export interface PanelGroup<P = PanelSpec> {
  title: string
  panels: readonly P[]
}
export type PanelHead = Omit<PanelSpec, 'load'>

/** Every panel that a dashboard can be made of. */
export const PANEL_GROUPS: readonly PanelGroup[] = [
  { title: 'Overview', panels: EXECUTIVE_PANELS },
  ...VIEWS.map(({ title, panels }) => ({ title, panels })),
]

/** The panels that are named, in their order and with their widths; and the names of those that no longer exist. */
export function panelsOf(
  wanted: readonly DashboardPanel[],
  groups: readonly PanelGroup[] = PANEL_GROUPS,
): { panels: PanelSpec[]; missing: string[] } {
  const known = new Map(groups.flatMap(({ panels }) => panels.map((panel) => [panel.id, panel])))
  const panels: PanelSpec[] = []
  const missing: string[] = []
  for (const { id, span } of wanted) {
    const panel = known.get(id)
    if (panel === undefined) missing.push(id)
    else panels.push({ ...panel, span })
  }
  return { panels, missing }
}

/** What there is to choose from, without the ways to load it. */
export function catalogue(groups: readonly PanelGroup[] = PANEL_GROUPS): PanelGroup<PanelHead>[] {
  return groups.map(({ title, panels }) => ({ title, panels: panels.map(headOf) }))
}
