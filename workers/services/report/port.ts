import type { Role } from '../../contract/api.ts'
import type { ReportFormat, ReportTask } from '../../contract/report.ts'
import type { AuditRecord } from '../../contract/audit.ts'
import type { Cell, Tenant } from '../../contract/tenant.ts'
import type { ReportRow } from '../../domain/report/report.ts'
import type { Mail } from '../member/store.ts'

/** A try that was begun; what it writes is dropped once there is a later one. */
export type Turn = Pick<ReportRow, 'id' | 'turn'>

/** Now, and when to look again at what has not ended by then. */
export interface Moments {
  nowMs: number
  wakeMs: number
}

/** How an occurrence ended, and when the next one is; `version` is that of the row which said so. */
export interface Settled {
  last: NonNullable<ReportRow['last']>
  nextMs: number | null
  paused: string | null
  version: number
}

/**
 * Reports of an organization, in its data shard. What changes one throws AppError unavailable while the organization
 * moves to another region.
 */
export interface ReportStore {
  /** Newest first. */
  list(tenant: Tenant): Promise<ReportRow[]>
  find(tenant: Tenant, id: string): Promise<ReportRow | null>
  /** False, and nothing is written, when the organization has `max` of them. */
  add(tenant: Tenant, row: ReportRow, max: number): Promise<boolean>
  /** False, and nothing is written, when it no longer has the row's version, which the write raises by one. */
  replace(tenant: Tenant, row: ReportRow): Promise<boolean>
  /** False when it no longer has this version. */
  remove(tenant: Tenant, id: string, version: number): Promise<boolean>
  /** Takes one off the recipients of a report, whatever its version. */
  removeRecipient(tenant: Tenant, id: string, userId: string): Promise<void>
  /** Removes what a person made, and takes them off the recipients of others. */
  forgetPerson(tenant: Tenant, userId: string): Promise<void>
  /** Asks for one more, and begins a turn; its number, or null while one is under way or was sent after `sinceMs`. */
  ask(tenant: Tenant, id: string, at: Moments & { sinceMs: number }): Promise<number | null>
  /** Begins a turn of what is due; its number, or null when somebody else did, or it is no longer due. */
  begin(tenant: Tenant, id: string, at: Moments): Promise<number | null>
  /** Takes a turn that was begun and is still due, once. */
  take(tenant: Tenant, turn: Turn, at: Moments): Promise<ReportRow | null>
  /** Gives a turn its pass. False when it is over. */
  issue(tenant: Tenant, turn: Turn, hash: string, untilMs: number): Promise<boolean>
  /** Ends the pass, and says that mail goes out from now on. False when the turn is over. */
  mail(tenant: Tenant, turn: Turn): Promise<boolean>
  /** Ends the turn, to be tried again. */
  retry(tenant: Tenant, turn: Turn, wakeMs: number, detail: string, nowMs: number): Promise<void>
  settle(tenant: Tenant, turn: Turn, settled: Settled): Promise<void>
  /** Whose rights a pass gives; null when it is none, or over. */
  owner(tenant: Tenant, id: string, hash: string, nowMs: number): Promise<string | null>
}

/** A member, as reports need to know them. */
export interface Reader {
  userId: string
  name: string
  email: string
  role: Role
}

export interface ReportDeps {
  store: ReportStore
  members(orgId: string): Promise<Reader[]>
  /** The name of a dashboard that a person sees; null when they do not. */
  dashboard(tenant: Tenant, id: string, reader: Pick<Reader, 'userId' | 'role'>): Promise<string | null>
  /** Wakes whoever makes reports in the organization's cell. */
  enqueue(task: ReportTask): Promise<void>
  /** Where the caller sees the dashboard: mails link there. */
  origin: string
  now(): number
  random(bytes: number): Uint8Array
}

/** An organization as a person enters it. */
export interface Entered {
  role: Role | null
  org: { name: string; slug: string; cell: Cell }
  /** How many they may see. */
  projects: number
}

/** Draws a page of the dashboard. */
export interface Renderer {
  /** @throws NotDrawn (workers/domain/report/not-drawn.ts). */
  render(page: { url: string; pass: string; zone: string; format: ReportFormat }): Promise<Uint8Array>
}

export interface SendDeps extends Pick<ReportDeps, 'store' | 'members' | 'dashboard' | 'now' | 'random'> {
  /** What a person may enter now; null when they are no member, or the organization was deleted. */
  access(userId: string, orgId: string): Promise<Entered | null>
  sha256(text: string): string
  /** Null where nothing draws in this cell. */
  renderer: Renderer | null
  sendMail(mail: Mail): Promise<void>
  audit(tenant: Tenant, record: AuditRecord): Promise<void>
}
