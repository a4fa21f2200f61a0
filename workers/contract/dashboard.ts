import * as z from 'zod'

/** Views that people keep, and dashboards that they make of the same panels. */

const NAME_CHARS_MAX = 80
const QUERY_CHARS_MAX = 2000
const PANELS_MAX = 40
/** Of one organization, private ones included. */
export const SAVED_VIEWS_MAX = 200

/** The built-in views, by their place in the dashboard's URL. */
export const VIEW_PATHS = ['overview', 'operations', 'product', 'finance', 'governance'] as const
export type ViewPath = (typeof VIEW_PATHS)[number]

/** A view and a panel of it. Which there are is the dashboard's: one that is gone may still be named. */
export const PANEL_ID = /^[a-z]+\.[a-z0-9_-]+$/
/** Of twelve columns, how many a panel spans on a wide screen. */
export const PANEL_SPANS = [3, 4, 6, 8, 12] as const

const path = z.enum(VIEW_PATHS)
const query = z
  .string()
  .max(QUERY_CHARS_MAX)
  .meta({ description: 'Range, filters and choices as parameters of a URL, like `range=7d&agent_id=support`' })

export const DashboardPanel = z.object({
  id: z.string().max(100).regex(PANEL_ID).meta({ description: 'Like `operations.requests`' }),
  span: z.literal(PANEL_SPANS),
})
export type DashboardPanel = z.infer<typeof DashboardPanel>

const panels = z
  .array(DashboardPanel)
  .min(1)
  .max(PANELS_MAX)
  .superRefine((all, context) => {
    const seen = new Set<string>()
    all.forEach(({ id }, at) => {
      if (seen.has(id)) context.addIssue({ code: 'custom', path: [at, 'id'], message: `"${id}" is there already` })
      seen.add(id)
    })
  })

export const ViewContent = z.object({ path, query })
export const DashboardContent = z.object({ panels, query })
export type ViewContent = z.infer<typeof ViewContent>
export type DashboardContent = z.infer<typeof DashboardContent>

const name = z.string().trim().min(1).max(NAME_CHARS_MAX)
const shared = z.boolean().meta({ description: 'Seen by all members; otherwise by its owner alone' })

export const SavedViewCreate = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('view'), name, shared: shared.default(false), content: ViewContent }),
  z.object({ kind: z.literal('dashboard'), name, shared: shared.default(false), content: DashboardContent }),
])
export type SavedViewCreate = z.infer<typeof SavedViewCreate>

/** What is left out stays. A view has no panels and a dashboard no path. */
export const SavedViewUpdate = z.object({
  version: z.number().int().min(1).meta({ description: 'The version that the change was made from' }),
  name: name.optional(),
  shared: shared.optional(),
  content: z.object({ path: path.optional(), panels: panels.optional(), query: query.optional() }).optional(),
})
export type SavedViewUpdate = z.infer<typeof SavedViewUpdate>

const about = {
  id: z.string(),
  name: z.string(),
  shared: z.boolean(),
  mine: z.boolean(),
  editable: z.boolean().meta({ description: 'Whether the asker may change it' }),
  owner_name: z.string().nullable().meta({ description: 'Null once the owner’s account is gone, and to an API key' }),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number().int(),
}

export const SavedView = z.discriminatedUnion('kind', [
  z.object({ ...about, kind: z.literal('view'), content: ViewContent }),
  // What an erasure took a panel's name from has one panel fewer, and so perhaps none.
  z.object({
    ...about,
    kind: z.literal('dashboard'),
    content: z.object({ panels: z.array(DashboardPanel), query: z.string() }),
  }),
])
export type SavedView = z.infer<typeof SavedView>
