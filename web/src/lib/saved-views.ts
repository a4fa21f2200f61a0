import type * as z from 'zod'
import { Page } from '../../../workers/contract/api.ts'
import type { SavedViewCreate } from '../../../workers/contract/dashboard.ts'
import {
  PANEL_SPANS,
  SavedView,
  type DashboardPanel,
  type SavedViewUpdate,
  type ViewPath,
} from '../../../workers/contract/dashboard.ts'
import { orgPath, type Api } from './api.ts'

export { PANEL_SPANS }
export type { DashboardPanel, SavedView, ViewPath }
export type Dashboard = Extract<SavedView, { kind: 'dashboard' }>
export type KeptView = Extract<SavedView, { kind: 'view' }>
const SavedViews = Page(SavedView)

export const VIEW_TITLES: Record<ViewPath, string> = {
  overview: 'Overview',
  operations: 'Operations',
  product: 'Product',
  finance: 'Finance',
  governance: 'Governance',
}

/** What the pages ask about saved views and dashboards. */
export function savedViewsOf(api: Api, org: string) {
  const at = (...rest: string[]) => orgPath(org, 'views', ...rest)
  const list = async () => (await api.get(at(), SavedViews)).data
  return {
    views: async () => (await list()).filter((one): one is KeptView => one.kind === 'view'),
    dashboards: async () => (await list()).filter((one): one is Dashboard => one.kind === 'dashboard'),
    read: (id: string) => api.get(at(id), SavedView),
    create: (input: z.input<typeof SavedViewCreate>) => api.post(at(), SavedView, input),
    update: (id: string, change: SavedViewUpdate) => api.patch(at(id), SavedView, change),
    remove: (id: string) => api.delete(at(id), SavedView),
  }
}
export type SavedViewsApi = ReturnType<typeof savedViewsOf>

/** What makes the same again, as after a deletion that is undone. */
export function againOf(view: SavedView): z.input<typeof SavedViewCreate> {
  const { name, shared } = view
  return view.kind === 'view'
    ? { kind: 'view', name, shared, content: view.content }
    : { kind: 'dashboard', name, shared, content: view.content }
}

/** Where a saved view or a dashboard is looked at. */
export function hrefOf(org: string, view: SavedView): string {
  const path = view.kind === 'view' ? view.content.path : `dashboards/${view.id}`
  return `/${org}/${path}${view.content.query === '' ? '' : `?${view.content.query}`}`
}

/** Whose it is, in words. */
export function ownerWords({ mine, shared, owner_name }: SavedView): string {
  if (mine) return shared ? 'yours, shared' : 'only yours'
  return owner_name === null ? 'shared' : `shared by ${owner_name}`
}
