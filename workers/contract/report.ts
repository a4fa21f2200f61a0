import * as z from 'zod'
import { VIEW_PATHS } from './dashboard.ts'
import { CELLS } from './tenant.ts'

/** Views that are sent by mail, as PDF or PNG, at set times. */

const NAME_CHARS_MAX = 80
const QUERY_CHARS_MAX = 2000
/** Of one organization. */
export const REPORTS_MAX = 100
/** Of one report: each is a mail of its own. */
export const RECIPIENTS_MAX = 20

export const REPORT_FORMATS = ['pdf', 'png'] as const
export type ReportFormat = (typeof REPORT_FORMATS)[number]

const hour = z.number().int().min(0).max(23).meta({ description: 'On the clock of the zone' })

/** When a report is sent. Weekdays count from Monday, 1; a day that a month does not have is its last. */
export const ReportTiming = z.discriminatedUnion('every', [
  z.object({ every: z.literal('day'), hour }),
  z.object({ every: z.literal('week'), weekday: z.number().int().min(1).max(7), hour }),
  z.object({ every: z.literal('month'), day: z.number().int().min(1).max(31), hour }),
])
export type ReportTiming = z.infer<typeof ReportTiming>

const query = z
  .string()
  .max(QUERY_CHARS_MAX)
  .meta({ description: 'Range, filters and comparison as parameters of a URL, like `range=7d&compare=week`' })

export const ReportTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('view'), path: z.enum(VIEW_PATHS), query }),
  z.object({ kind: z.literal('dashboard'), dashboard_id: z.string().min(1).max(100), query }),
])
export type ReportTarget = z.infer<typeof ReportTarget>

const fields = {
  name: z.string().trim().min(1).max(NAME_CHARS_MAX),
  target: ReportTarget,
  timing: ReportTiming,
  zone: z.string().min(1).max(100).meta({ description: 'IANA time zone, of the hour and of the report’s times' }),
  format: z.enum(REPORT_FORMATS),
  recipients: z
    .array(z.string().min(1).max(100))
    .min(1)
    .max(RECIPIENTS_MAX)
    .meta({ description: 'Ids of members of the organization' }),
}

export const ReportCreate = z.object({
  ...fields,
  recipients: fields.recipients.optional().meta({ description: 'Ids of members; oneself where it is left out' }),
})
export type ReportCreate = z.infer<typeof ReportCreate>

/** What is left out stays. */
export const ReportUpdate = z.object({
  version: z.number().int().min(1).meta({ description: 'The version that the change was made from' }),
  name: fields.name.optional(),
  target: fields.target.optional(),
  timing: fields.timing.optional(),
  zone: fields.zone.optional(),
  format: fields.format.optional(),
  recipients: fields.recipients.optional(),
  paused: z.boolean().optional(),
})
export type ReportUpdate = z.infer<typeof ReportUpdate>

export const Report = z.object({
  id: z.string(),
  name: z.string(),
  target: ReportTarget,
  timing: ReportTiming,
  zone: z.string(),
  format: z.enum(REPORT_FORMATS),
  recipients: z.array(
    z.object({
      user_id: z.string(),
      name: z.string().nullable().meta({ description: 'Null for who is no member any more: nothing is sent to them' }),
    }),
  ),
  owner_name: z.string().nullable().meta({ description: 'Whose rights it is made with; null once they have left' }),
  mine: z.boolean(),
  editable: z.boolean().meta({ description: 'Whether the asker may change what is sent, and when and to whom' }),
  stoppable: z.boolean().meta({ description: 'Whether the asker may pause and delete it' }),
  paused: z.string().nullable().meta({ description: 'Why it is paused; null where it is not' }),
  next_at: z.string().nullable().meta({ description: 'Null while it is paused' }),
  sending: z.boolean().meta({ description: 'Whether one is being made' }),
  last: z
    .object({
      at: z.string(),
      outcome: z.enum(['sent', 'failed']),
      detail: z.string().nullable().meta({ description: 'What went wrong, or must be known of what was sent' }),
    })
    .nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number().int(),
})
export type Report = z.infer<typeof Report>

/** What the queue of a cell carries: the row says whether it is still to be done. */
export const ReportTask = z.object({
  org_id: z.string(),
  cell: z.enum(CELLS),
  shard: z.number().int(),
  report_id: z.string(),
  turn: z.number().int(),
})
export type ReportTask = z.infer<typeof ReportTask>
