import { REPORTS_MAX, type Report, type ReportCreate, type ReportUpdate } from '../../contract/report.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import {
  changedReport,
  isOwn,
  isSeen,
  mayStop,
  shownOf,
  type ReportRow,
  type ReportViewer,
  type Shown,
} from '../../domain/report/report.ts'
import { nextOccurrence } from '../../domain/report/timing.ts'
import { queryOf } from '../../domain/saved-view.ts'
import { VIEW_PATHS, type ViewPath } from '../../contract/dashboard.ts'
import { isTimeZone } from '../../domain/time-zone.ts'
import type { Reader, ReportDeps } from './port.ts'
import { ASKED_EVERY_MS, QUEUED_MS } from './times.ts'

const RANDOM_BYTES = 13
const MISSING = 'There is no such scheduled report.'
const iso = (ms: number) => new Date(ms).toISOString()

/** The asker's own and those that they receive, newest first; all of them to owners and admins. */
export async function listReports(deps: ReportDeps, tenant: Tenant, viewer: ReportViewer): Promise<Report[]> {
  const [rows, members] = await Promise.all([deps.store.list(tenant), deps.members(tenant.org_id)])
  return rows.filter((row) => isSeen(row, viewer)).map((row) => viewOf(row, viewer, members))
}

/** @throws AppError not_found. */
export async function readReport(deps: ReportDeps, tenant: Tenant, viewer: ReportViewer, id: string): Promise<Report> {
  const [row, members] = await Promise.all([find(deps, tenant, viewer, id), deps.members(tenant.org_id)])
  return viewOf(row, viewer, members)
}

/** @throws AppError invalid_input, conflict when there are too many, unavailable. */
export async function createReport(
  deps: ReportDeps,
  tenant: Tenant,
  viewer: ReportViewer,
  body: ReportCreate,
): Promise<Report> {
  const members = await deps.members(tenant.org_id)
  const nowMs = deps.now()
  await check(deps, tenant, viewer, members, body)
  const row: ReportRow = {
    id: newId('report', nowMs, deps.random(RANDOM_BYTES)),
    name: body.name,
    ownerId: viewer.personId,
    shown: shownOf(body.target),
    timing: body.timing,
    zone: body.zone,
    format: body.format,
    recipients: [...new Set(body.recipients ?? [viewer.personId])],
    origin: deps.origin,
    paused: null,
    nextMs: nextOccurrence(body.timing, body.zone, nowMs),
    askedMs: null,
    turn: 0,
    taken: false,
    attempts: 0,
    mailing: false,
    last: null,
    createdMs: nowMs,
    updatedMs: nowMs,
    version: 1,
  }
  if (!(await deps.store.add(tenant, row, REPORTS_MAX)))
    throw new AppError(
      'conflict',
      `An organization has at most ${REPORTS_MAX} scheduled reports: delete one that is no longer read.`,
    )
  return viewOf(row, viewer, members)
}

/** @throws AppError not_found, forbidden, invalid_input, conflict, unavailable. */
export async function updateReport(
  deps: ReportDeps,
  tenant: Tenant,
  viewer: ReportViewer,
  { id, change }: { id: string; change: ReportUpdate },
): Promise<Report> {
  const row = await findToStop(deps, tenant, viewer, id)
  const { version, paused, ...content } = change
  if (!isOwn(row, viewer) && (paused !== true || Object.values(content).some((value) => value !== undefined)))
    throw new AppError(
      'forbidden',
      'It shows what its owner may see, so its owner alone changes and resumes it. You may pause or delete it.',
    )
  if (row.version !== version) throw changedMeanwhile(row, version)
  const members = await deps.members(tenant.org_id)
  await check(deps, tenant, viewer, members, content)
  const next = { ...changedReport(row, change, deps.now()), origin: isOwn(row, viewer) ? deps.origin : row.origin }
  if (!(await deps.store.replace(tenant, next))) throw changedMeanwhile(row, null)
  return viewOf({ ...next, version: row.version + 1 }, viewer, members)
}

/** @throws AppError not_found, forbidden, conflict, unavailable. */
export async function removeReport(
  deps: ReportDeps,
  tenant: Tenant,
  viewer: ReportViewer,
  id: string,
): Promise<Report> {
  const row = await findToStop(deps, tenant, viewer, id)
  const members = await deps.members(tenant.org_id)
  if (!(await deps.store.remove(tenant, id, row.version))) throw changedMeanwhile(row, null)
  return viewOf(row, viewer, members)
}

/** Makes and sends one now, whatever its timing. @throws AppError not_found, forbidden, conflict, unavailable. */
export async function sendNow(deps: ReportDeps, tenant: Tenant, viewer: ReportViewer, id: string): Promise<Report> {
  const row = await find(deps, tenant, viewer, id)
  if (!isOwn(row, viewer)) throw new AppError('forbidden', 'Its owner alone sends it out of turn.')
  const nowMs = deps.now()
  const turn = await deps.store.ask(tenant, id, { nowMs, wakeMs: nowMs + QUEUED_MS, sinceMs: nowMs - ASKED_EVERY_MS })
  if (turn === null) throw new AppError('conflict', 'One is being made, or was a minute ago: wait until it is there.')
  await deps.enqueue({ ...tenant, report_id: id, turn })
  return viewOf({ ...row, askedMs: nowMs }, viewer, await deps.members(tenant.org_id))
}

/** Takes the asker off the recipients. @throws AppError not_found, conflict, unavailable. */
export async function unsubscribe(deps: ReportDeps, tenant: Tenant, viewer: ReportViewer, id: string): Promise<Report> {
  const row = await find(deps, tenant, viewer, id)
  if (!row.recipients.includes(viewer.personId))
    throw new AppError('conflict', 'It is not sent to you, so there is nothing to stop.')
  await deps.store.removeRecipient(tenant, id, viewer.personId)
  const recipients = row.recipients.filter((one) => one !== viewer.personId)
  return viewOf({ ...row, recipients, version: row.version + 1 }, viewer, await deps.members(tenant.org_id))
}

/** What must hold of what a person says. */
async function check(
  deps: ReportDeps,
  tenant: Tenant,
  viewer: ReportViewer,
  members: readonly Reader[],
  { zone, recipients, target }: Pick<ReportUpdate, 'zone' | 'recipients' | 'target'>,
): Promise<void> {
  if (zone !== undefined && !isTimeZone(zone)) throw invalid('/zone', `"${zone}" is no IANA time zone`)
  const stranger = (recipients ?? []).findIndex((id) => !members.some(({ userId }) => userId === id))
  if (stranger >= 0) throw invalid(`/recipients/${stranger}`, 'is no member of this organization')
  if (target?.kind !== 'dashboard') return
  const reader = { userId: viewer.personId, role: viewer.role ?? 'auditor' }
  if ((await deps.dashboard(tenant, target.dashboard_id, reader)) === null)
    throw invalid('/target/dashboard_id', 'is no dashboard that you see')
}

const invalid = (pointer: string, detail: string) =>
  new AppError('invalid_input', `${pointer} ${detail}.`, { errors: [{ pointer, detail }] })

/** One answer for what is not there and for what is not the asker's to see. */
async function find({ store }: ReportDeps, tenant: Tenant, viewer: ReportViewer, id: string): Promise<ReportRow> {
  const row = await store.find(tenant, id)
  if (row === null || !isSeen(row, viewer)) throw new AppError('not_found', MISSING)
  return row
}

async function findToStop(deps: ReportDeps, tenant: Tenant, viewer: ReportViewer, id: string): Promise<ReportRow> {
  const row = await find(deps, tenant, viewer, id)
  if (!mayStop(row, viewer))
    throw new AppError('forbidden', 'Its owner changes it. You may stop it for yourself: unsubscribe.')
  return row
}

function changedMeanwhile({ version }: ReportRow, given: number | null): AppError {
  const which = given === null ? '' : ` (it has version ${version}, yours is ${given})`
  return new AppError('conflict', `It was changed meanwhile${which}: load it again, and repeat your change there.`)
}

function viewOf(row: ReportRow, viewer: ReportViewer, members: readonly Reader[]): Report {
  const names = new Map(members.map(({ userId, name }) => [userId, name]))
  return {
    id: row.id,
    name: row.name,
    target: targetOf(row.shown),
    timing: row.timing,
    zone: row.zone,
    format: row.format,
    recipients: row.recipients.map((user_id) => ({ user_id, name: names.get(user_id) ?? null })),
    owner_name: names.get(row.ownerId) ?? null,
    mine: isOwn(row, viewer),
    editable: isOwn(row, viewer),
    stoppable: mayStop(row, viewer),
    paused: row.paused,
    next_at: row.nextMs === null ? null : iso(row.nextMs),
    sending: row.taken || row.askedMs !== null,
    last: row.last && { at: iso(row.last.atMs), outcome: row.last.outcome, detail: row.last.detail },
    created_at: iso(row.createdMs),
    updated_at: iso(row.updatedMs),
    version: row.version,
  }
}

/** An erasure may have taken a word from a page that is also somebody's id. */
function targetOf(shown: Shown): Report['target'] {
  const query = queryOf(shown.params)
  return 'page' in shown
    ? { kind: 'view', path: VIEW_PATHS.find((path: ViewPath) => path === shown.page) ?? VIEW_PATHS[0], query }
    : { kind: 'dashboard', dashboard_id: shown.dashboardId, query }
}
