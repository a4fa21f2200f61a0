import type { Retention, RetentionDays } from '../../contract/retention.ts'
import type { ProjectTenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { contradiction } from '../../domain/retention.ts'
import type { ProjectRow } from '../tenant/store.ts'
import type { RetentionState } from './enforce.ts'

export interface RetentionSettings {
  state(tenant: ProjectTenant): Promise<RetentionState | null>
  set(orgId: string, projectId: string, days: RetentionDays): Promise<void>
}

const iso = (ms: number | null | undefined) => (ms == null ? null : new Date(ms).toISOString())

export const daysOf = ({ eventsDays, tracesDays, metricsDays, archiveDays }: ProjectRow): RetentionDays => ({
  events_days: eventsDays,
  traces_days: tracesDays,
  metrics_days: metricsDays,
  archive_days: archiveDays,
})

export async function readRetention(
  deps: RetentionSettings,
  tenant: ProjectTenant,
  days: RetentionDays,
): Promise<Retention> {
  const state = await deps.state(tenant)
  const { events = 0, dead_letters = 0, traces = 0, metrics = 0, archive = 0 } = state?.removed ?? {}
  return {
    ...days,
    checked_at: iso(state?.checkedMs),
    removed_at: iso(state?.removedMs),
    removed: { events, dead_letters, traces, metrics, archive },
  }
}

/** @throws AppError invalid_input when the numbers do not go together. */
export async function setRetention(
  deps: RetentionSettings,
  tenant: ProjectTenant,
  days: RetentionDays,
): Promise<Retention> {
  const detail = contradiction(days)
  if (detail !== null) throw new AppError('invalid_input', detail, { errors: [{ pointer: '/traces_days', detail }] })
  await deps.set(tenant.org_id, tenant.project_id, days)
  return readRetention(deps, tenant, days)
}
