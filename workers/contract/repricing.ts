import * as z from 'zod'
import { COST_SOURCES } from './event.ts'
import { JOB_STATES } from './job.ts'

/** Pricing a stretch of time anew: what differs is booked as adjustments, which stand beside what was booked before. */

export const REPRICING_STEPS = ['entries', 'record'] as const
export type RepricingStep = (typeof REPRICING_STEPS)[number]
/** Models that a repricing tells apart; what others come to is one line. */
export const REPRICED_MODELS_MAX = 200
/** Events may be this old when they come (contract/event.ts), so nothing in the ledger is older by much. */
export const REPRICING_DAYS_MAX = 800

const time = z.iso.datetime({ offset: true })
const name = z.string().min(1).max(200)

export const RepricingCreate = z.strictObject({
  from: time.meta({ description: 'When the first calls were made, RFC 3339' }),
  to: time.meta({ description: 'Until when, not included' }),
  project_id: name.optional().meta({ description: 'Of one project only' }),
  provider: name.optional(),
  model: name.optional().meta({ description: 'As the events name it' }),
  sources: z
    .array(z.enum(COST_SOURCES))
    .min(1)
    .max(COST_SOURCES.length)
    .default(['unpriced', 'computed'])
    .meta({ description: 'Which costs are computed anew; what clients reported stays unless it is named here' }),
  dry_run: z.boolean().default(false).meta({ description: 'Only says what would change: nothing is booked' }),
})
export type RepricingCreate = z.infer<typeof RepricingCreate>

const Change = z.object({
  entries: z.number().int().meta({ description: 'Ledger entries that are adjusted' }),
  priced: z.number().int().meta({ description: 'Of these, those that had no price before' }),
  unpriced: z.number().int().meta({ description: 'Entries that were looked at and have no price now either' }),
  before_usd: z.string().meta({ description: 'What stood for the adjusted entries' }),
  after_usd: z.string(),
  difference_usd: z.string().meta({ description: 'May be negative' }),
})

export const Repricing = Change.extend({
  id: z.string(),
  state: z.enum(JOB_STATES),
  detail: z.string().nullable(),
  dry_run: z.boolean(),
  from: z.string(),
  to: z.string(),
  project_id: z.string().nullable(),
  provider: z.string().nullable(),
  model: z.string().nullable(),
  sources: z.array(z.enum(COST_SOURCES)),
  progress: z.number().min(0).max(1).meta({ description: 'How much of the range is done' }),
  scanned: z.number().int().meta({ description: 'Ledger entries that were looked at' }),
  models: z
    .array(
      Change.extend({
        provider: z.string(),
        model: z.string(),
        tool_name: z.string(),
        price_version: z
          .string()
          .meta({ description: 'Of the price that was applied last; empty where there is none' }),
      }),
    )
    .meta({
      description: `The largest change first; models beyond ${REPRICED_MODELS_MAX} are one line without names`,
    }),
  created_at: z.string(),
  ended_at: z.string().nullable(),
})
export type Repricing = z.infer<typeof Repricing>
