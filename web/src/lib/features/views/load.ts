import type { Api } from '../../api.ts'
import { settle, type Loaded } from '../../loaded.ts'
import { Ask, NotFilterable, type Call } from './ask.ts'
import type { PanelSpec, Scope, Shaped } from './panel.ts'

/** A panel as it is drawn, and the calls that its numbers came by. */
export interface PanelAnswer {
  data: Shaped
  calls: Call[]
}

/** Starts all panels at once; each comes by itself, and fails by itself. */
export function loadPanels(
  api: Api,
  scope: Scope,
  panels: readonly PanelSpec[],
): Record<string, Promise<Loaded<PanelAnswer>>> {
  const asked = new Map<string, Promise<unknown>>()
  return Object.fromEntries(
    panels.map((panel) => [panel.id, settle(loadPanel(panel, new Ask(api, scope, asked), scope))]),
  )
}

async function loadPanel(panel: PanelSpec, ask: Ask, scope: Scope): Promise<PanelAnswer> {
  try {
    return { data: await panel.load(ask, scope), calls: ask.calls }
  } catch (error) {
    if (!(error instanceof NotFilterable)) throw error
    return { data: { type: 'figures', figures: [], empty: error.message }, calls: ask.calls }
  }
}

/** A panel as its page knows it: what it shows and means, without the way to load it. */
export function headOf({ load: _, ...head }: PanelSpec): Omit<PanelSpec, 'load'> {
  return head
}
