import type { Role } from '../../contract/api.ts'
import type { ReportFormat, ReportTarget, ReportTiming, ReportUpdate } from '../../contract/report.ts'
import { paramsOf, type Param } from '../saved-view.ts'
import { nextOccurrence } from './timing.ts'

/** What a report shows, as it is kept. */
export type Shown = ({ page: string } | { dashboardId: string }) & { params: Param[] }

/** A report as it is kept. */
export interface ReportRow {
  id: string
  name: string
  /** Whose rights it is made with. */
  ownerId: string
  shown: Shown
  timing: ReportTiming
  zone: string
  format: ReportFormat
  /** Accounts. */
  recipients: string[]
  /** Where the dashboard is reached, without a slash at its end. */
  origin: string
  /** Why it is paused. */
  paused: string | null
  /** Null while it is paused. */
  nextMs: number | null
  askedMs: number | null
  /** Rises with each try. */
  turn: number
  /** Whether a try is under way. */
  taken: boolean
  attempts: number
  /** Whether mail has begun to go out. */
  mailing: boolean
  last: { atMs: number; outcome: 'sent' | 'failed'; detail: string | null } | null
  createdMs: number
  updatedMs: number
  version: number
}

/** A person who looks at reports. */
export interface ReportViewer {
  personId: string
  role: Role | null
}

export const PAUSED_BY_PERSON = 'Paused by a person.'

export const isOwn = ({ ownerId }: ReportRow, { personId }: ReportViewer) => ownerId === personId

const leads = ({ role }: ReportViewer) => role === 'owner' || role === 'admin'

/** The owner's and the recipients', and everybody's to those who lead the organization. */
export function isSeen(report: ReportRow, viewer: ReportViewer): boolean {
  return isOwn(report, viewer) || report.recipients.includes(viewer.personId) || leads(viewer)
}

/** Who did not make it may stop it, and not change it: it shows what its owner may see. */
export const mayStop = (report: ReportRow, viewer: ReportViewer) => isOwn(report, viewer) || leads(viewer)

export function shownOf(target: ReportTarget): Shown {
  const params = paramsOf(target.query)
  return target.kind === 'view' ? { page: target.path, params } : { dashboardId: target.dashboard_id, params }
}

/** A report with a person's change. A new timing counts from now; what is resumed goes on with its next occurrence. */
export function changedReport(row: ReportRow, change: ReportUpdate, nowMs: number): ReportRow {
  const next: ReportRow = {
    ...row,
    name: change.name ?? row.name,
    shown: change.target === undefined ? row.shown : shownOf(change.target),
    timing: change.timing ?? row.timing,
    zone: change.zone ?? row.zone,
    format: change.format ?? row.format,
    recipients: change.recipients === undefined ? row.recipients : [...new Set(change.recipients)],
    paused: change.paused === undefined ? row.paused : change.paused ? (row.paused ?? PAUSED_BY_PERSON) : null,
    updatedMs: nowMs,
  }
  const isMoved = change.timing !== undefined || change.zone !== undefined || row.nextMs === null
  if (next.paused !== null) return { ...next, nextMs: null }
  return isMoved ? { ...next, nextMs: nextOccurrence(next.timing, next.zone, nowMs) } : next
}
