import type { RetentionDays } from '../contract/retention.ts'

const DAY_MS = 86_400_000
/** A queue redelivers for 14 days: for longer the row of a batch proves that it was applied. */
const PROOF_DAYS = 31

/**
 * What new projects begin with: a quarter to look into single events, a year and a month of traces to compare with the
 * year before, two of charts.
 */
export const DEFAULT_RETENTION: RetentionDays = {
  events_days: 90,
  traces_days: 400,
  metrics_days: 800,
  archive_days: 400,
}

/** Everything older than these moments goes; null: nothing does. */
export interface Cutoffs {
  events: number | null
  /** Of whole rows of batches: later than both events and traces need them. */
  batches: number | null
  traces: number | null
  metrics: number | null
  archive: number | null
}

/** @param archivedMs up to when the archive has everything; what it lacks is kept. */
export function cutoffsOf(days: RetentionDays, archivedMs: number, nowMs: number): Cutoffs {
  const before = (n: number | null) => (n === null ? null : nowMs - n * DAY_MS)
  const { events_days, traces_days } = days
  const events = before(events_days)
  const both = events_days === null || traces_days === null ? null : Math.max(events_days, traces_days, PROOF_DAYS)
  const archived = (ms: number | null) => (ms === null ? null : Math.min(ms, archivedMs))
  return {
    events: archived(events),
    batches: archived(before(both)),
    traces: before(traces_days),
    metrics: before(days.metrics_days),
    archive: before(days.archive_days),
  }
}

/** Why these numbers do not go together; null when they do. */
export function contradiction({ events_days, traces_days }: RetentionDays): string | null {
  if (traces_days === null || (events_days !== null && events_days <= traces_days)) return null
  return 'Events cannot be kept longer than the traces that lead to them.'
}
