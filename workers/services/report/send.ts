import type { AuditRecord } from '../../contract/audit.ts'
import type { ReportTask } from '../../contract/report.ts'
import { roleMay } from '../../contract/permissions.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { hex } from '../../domain/hex.ts'
import { NotDrawn } from '../../domain/report/not-drawn.ts'
import { fileNameOf, reportMail, reportUrl } from '../../domain/report/page.ts'
import { PASS_MS, PASS_RANDOM_BYTES, passText } from '../../domain/report/pass.ts'
import type { ReportRow } from '../../domain/report/report.ts'
import { nextOccurrence } from '../../domain/report/timing.ts'
import type { Entered, Reader, SendDeps } from './port.ts'
import { AGAIN_MS, ATTEMPTS_MAX, TAKEN_MS } from './times.ts'

/** Of a mail of 5 MiB with its attachment in base64 (Cloudflare, email-service/platform/limits), with room for the rest. */
export const ATTACHMENT_BYTES_MAX = 3_500_000

const CUT_SHORT = 'It ended while the mails went out: some recipients may not have theirs. It was not sent again.'
const NO_RENDERER =
  'There is no picture with this mail: nothing in your organization’s region can draw one, and its data do not leave it.'
const TOO_LARGE = 'The picture is too large for a mail.'

interface Ready {
  entered: Entered
  /** Members now. */
  recipients: Reader[]
  dashboard: string | null
}

/**
 * Makes and sends one report, with the rights that its owner has now. The row decides: a task that comes twice, or too
 * late, does nothing. A turn that dies before the first mail is begun anew; one that dies later is not.
 */
export async function sendReport(deps: SendDeps, { report_id, turn, ...tenant }: ReportTask): Promise<void> {
  const nowMs = deps.now()
  const row = await deps.store.take(tenant, { id: report_id, turn }, { nowMs, wakeMs: nowMs + TAKEN_MS })
  if (row === null) return
  if (row.mailing) return settle(deps, tenant, row, 'failed', CUT_SHORT)
  if (row.attempts > ATTEMPTS_MAX)
    return settle(deps, tenant, row, 'failed', row.last?.detail ?? 'It was cut short each time it was tried.')
  const ready = await prepare(deps, tenant, row)
  if (typeof ready === 'string') return settle(deps, tenant, row, 'failed', ready, ready)
  let picture: Uint8Array | null
  try {
    picture = await draw(deps, tenant, row, ready)
  } catch (error) {
    return notDrawn(deps, tenant, row, error)
  }
  if (!(await deps.store.mail(tenant, row))) return
  const { outcome, detail } = await mail(deps, row, ready, picture)
  await settle(deps, tenant, row, outcome, detail)
}

/** What is needed to make it; or why it is paused. */
async function prepare(deps: SendDeps, { org_id, cell, shard }: Tenant, row: ReportRow): Promise<Ready | string> {
  const entered = await deps.access(row.ownerId, org_id)
  if (entered?.role == null) return 'Whose rights it was made with is no member any more.'
  if (!roleMay(entered.role, 'telemetry.read') || entered.projects === 0)
    return 'Whose rights it was made with may no longer see any project.'
  const owner = { userId: row.ownerId, role: entered.role }
  const dashboard =
    'dashboardId' in row.shown ? await deps.dashboard({ org_id, cell, shard }, row.shown.dashboardId, owner) : null
  if ('dashboardId' in row.shown && dashboard === null)
    return 'The dashboard was deleted, or is no longer shared with whose rights it was made with.'
  const members = await deps.members(org_id)
  const recipients = members.filter(({ userId }) => row.recipients.includes(userId))
  return recipients.length === 0 ? 'None of its recipients is a member any more.' : { entered, recipients, dashboard }
}

/** Once, for all recipients; null where nothing draws in this cell. */
async function draw(
  deps: SendDeps,
  { org_id, cell, shard }: Tenant,
  row: ReportRow,
  { entered }: Ready,
): Promise<Uint8Array | null> {
  const { renderer, store } = deps
  if (renderer === null) return null
  const secret = hex(deps.random(PASS_RANDOM_BYTES))
  const tenant = { org_id, cell, shard }
  if (!(await store.issue(tenant, row, deps.sha256(secret), deps.now() + PASS_MS)))
    throw new NotDrawn('It was changed or deleted meanwhile.', true)
  return renderer.render({
    url: reportUrl(row, entered.org.slug),
    pass: passText({ tenant, reportId: row.id, secret }),
    zone: row.zone,
    format: row.format,
  })
}

async function notDrawn(deps: SendDeps, tenant: Tenant, row: ReportRow, error: unknown): Promise<void> {
  if (!(error instanceof NotDrawn)) throw error
  if (!error.again || row.attempts >= ATTEMPTS_MAX) return settle(deps, tenant, row, 'failed', error.message)
  const nowMs = deps.now()
  await deps.store.retry(tenant, row, nowMs + AGAIN_MS, `${error.message} It is tried again.`, nowMs)
}

/** A mail to each recipient, so that none sees the others' addresses. */
async function mail(
  deps: SendDeps,
  row: ReportRow,
  { entered, recipients, dashboard }: Ready,
  picture: Uint8Array | null,
): Promise<{ outcome: 'sent' | 'failed'; detail: string | null }> {
  const isLarge = picture !== null && picture.length > ATTACHMENT_BYTES_MAX
  const note = picture === null ? NO_RENDERER : isLarge ? TOO_LARGE : null
  const words = reportMail(row, { org: entered.org, dashboard, note })
  const attachment =
    picture === null || isLarge
      ? undefined
      : {
          name: fileNameOf(row, deps.now()),
          type: row.format === 'pdf' ? 'application/pdf' : 'image/png',
          content: picture,
        }
  const results = await Promise.allSettled(
    recipients.map(({ email }) => deps.sendMail({ to: email, ...words, ...(attachment && { attachment }) })),
  )
  const lost = results.filter(({ status }) => status === 'rejected').length
  if (lost === results.length) return { outcome: 'failed', detail: 'The mail could not be sent.' }
  if (lost > 0) return { outcome: 'failed', detail: `${lost} of ${results.length} recipients could not be reached.` }
  return { outcome: 'sent', detail: note }
}

/** Ends the occurrence, and tells the audit log. */
async function settle(
  deps: SendDeps,
  { org_id, cell, shard }: Tenant,
  row: ReportRow,
  outcome: 'sent' | 'failed',
  detail: string | null,
  paused: string | null = row.paused,
): Promise<void> {
  const atMs = deps.now()
  const tenant = { org_id, cell, shard }
  await deps.audit(tenant, recordOf(row, outcome, detail, paused, atMs))
  await deps.store.settle(tenant, row, {
    last: { atMs, outcome, detail },
    nextMs: paused === null ? nextOf(row, atMs) : null,
    paused,
    version: row.version,
  })
}

/** One that was asked for leaves the next where it is; those that were missed are made up for once. */
function nextOf({ nextMs, askedMs, timing, zone }: ReportRow, atMs: number): number {
  return askedMs !== null && nextMs !== null && nextMs > askedMs ? nextMs : nextOccurrence(timing, zone, atMs)
}

function recordOf(
  row: ReportRow,
  outcome: 'sent' | 'failed',
  detail: string | null,
  paused: string | null,
  atMs: number,
): AuditRecord {
  return {
    // By its turn: one that died before it was noted tells the same again.
    id: `report:${row.id}:${row.turn}`,
    at_ms: atMs,
    actor: { type: 'system', id: 'reports', label: 'Scheduled reports' },
    action: outcome === 'sent' ? 'report.sent' : 'report.failed',
    target: { type: 'report', id: row.id },
    after: { format: row.format, recipients: row.recipients.length, detail, paused },
    origin: null,
    request_id: `report-${row.id}`,
  }
}
