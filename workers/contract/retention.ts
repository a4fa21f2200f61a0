import * as z from 'zod'

/** How long a project's data are kept. */

const DAYS_MAX = 3650
const days = (min: number) => z.number().int().min(min).max(DAYS_MAX).nullable()

export const RETENTION_STORES = ['events', 'dead_letters', 'traces', 'metrics', 'archive'] as const
export type RetentionStore = (typeof RETENTION_STORES)[number]

/** Days; null keeps until somebody deletes. The ledger is the organization's books and is always kept. */
export const RetentionDays = z.object({
  events_days: days(1).meta({ description: 'Events of traces, and dead letters' }),
  traces_days: days(1).meta({ description: 'Summaries of traces' }),
  metrics_days: days(7).meta({ description: 'Hourly and daily sums of charts' }),
  archive_days: days(1).meta({ description: 'Parquet files' }),
})
export type RetentionDays = z.infer<typeof RetentionDays>

export const Retention = RetentionDays.extend({
  checked_at: z.string().nullable().meta({ description: 'When everything due was last removed' }),
  removed_at: z.string().nullable(),
  removed: z.record(z.enum(RETENTION_STORES), z.number().int()).meta({ description: 'Removed so far, by store' }),
})
export type Retention = z.infer<typeof Retention>
