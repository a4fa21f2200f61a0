import { PANEL_ID, PANEL_SPANS, VIEW_PATHS } from '../contract/dashboard.ts'
import type { DashboardPanel, SavedViewCreate, SavedViewUpdate, ViewPath } from '../contract/dashboard.ts'
import type { Role } from '../contract/api.ts'
import type { FieldError } from './errors.ts'

/** A parameter of a URL and its value, as they are meant: not percent-encoded. */
export type Param = [name: string, value: string]

/** A view or a dashboard as it is kept. */
export interface SavedRow {
  id: string
  kind: 'view' | 'dashboard'
  name: string
  /** Null once the account is gone. */
  ownerId: string | null
  shared: boolean
  /** Of a view. */
  page: ViewPath | null
  /** Of a dashboard. */
  panels: DashboardPanel[] | null
  params: Param[]
  createdMs: number
  updatedMs: number
  version: number
}

export interface Viewer {
  /** The account; null for an API key. */
  personId: string | null
  role: Role | null
  /** A key of one project: shared views may name agents and users of others, so it sees none. */
  isOfProject: boolean
}

/** Where a list was, which means nothing the next day. */
const FLEETING = ['cursor']

/** The parameters of a URL's query; what is written in different ways and means the same becomes the same. */
export function paramsOf(query: string): Param[] {
  return [...new URLSearchParams(query)].filter(([name]) => name !== '' && !FLEETING.includes(name))
}

export const queryOf = (params: readonly Param[]) => new URLSearchParams(params.map(([...param]) => param)).toString()

/** What a body says, as it is kept. */
export function contentOf(body: SavedViewCreate): Pick<SavedRow, 'kind' | 'page' | 'panels' | 'params'> {
  const { kind, content } = body
  const params = paramsOf(content.query)
  return kind === 'view'
    ? { kind, page: content.path, panels: null, params }
    : { kind, page: null, panels: content.panels, params }
}

/** A view with a change; or what of the change is not of its kind. */
export function changedView(row: SavedRow, { name, shared, content = {} }: SavedViewUpdate): SavedRow | FieldError {
  if (row.kind === 'view' && content.panels !== undefined)
    return { pointer: '/content/panels', detail: 'a view has none: make a dashboard of it' }
  if (row.kind === 'dashboard' && content.path !== undefined)
    return { pointer: '/content/path', detail: 'a dashboard is no built-in view, and has none' }
  return {
    ...row,
    name: name ?? row.name,
    shared: shared ?? row.shared,
    page: content.path ?? row.page,
    panels: content.panels ?? row.panels,
    params: content.query === undefined ? row.params : paramsOf(content.query),
  }
}

export const isOwn = ({ ownerId }: SavedRow, { personId }: Viewer) => personId !== null && ownerId === personId

export const isSeen = (row: SavedRow, viewer: Viewer) => (row.shared && !viewer.isOfProject) || isOwn(row, viewer)

/** The owner, and of what is shared those who lead the organization. */
export function mayChange(row: SavedRow, viewer: Viewer): boolean {
  const leads = viewer.personId !== null && (viewer.role === 'owner' || viewer.role === 'admin')
  return isOwn(row, viewer) || (row.shared && leads)
}

/** A page as it was kept. An erasure may have taken a word from it that is also somebody's id. */
export function readPage(text: string | null): ViewPath | null {
  return text === null ? null : (VIEW_PATHS.find((path) => path === text) ?? VIEW_PATHS[0])
}

/** Panels as they were kept, without those whose name an erasure has changed. */
export function readPanels(kept: readonly [string, number][]): DashboardPanel[] {
  return kept.flatMap(([id, columns]) => {
    const span = PANEL_SPANS.find((one) => one === columns)
    return span !== undefined && PANEL_ID.test(id) ? [{ id, span }] : []
  })
}
