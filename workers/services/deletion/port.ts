import type { AuditRecord } from '../../contract/audit.ts'
import type { DeletionCertificate } from '../../contract/deletion.ts'

export type UnsignedDeletion = Omit<DeletionCertificate, 'public_key' | 'signature'>

/** What a purge removed in one bounded unit, and where the next begins. */
export interface PurgedPage {
  store: string
  removed: number
  /** Null after the last. */
  next: string | null
}

/** What a deletion job is asked to do. */
export interface DeletionInput extends Record<string, unknown> {
  /** Null: the whole organization. */
  project_id: string | null
  /** Of the whole organization: all of them, since its own record goes before its job does. */
  projects: string[]
  owners: string[]
  name: string
  deleted_ms: number
}

/** Everything of one project in its cell. */
export interface ProjectData {
  tables(): Promise<string[]>
  table(name: string, after: string | null): Promise<PurgedPage>
  /** Takes everything out of ledger rows but time, provider, model, tokens and amounts. */
  books(after: string | null): Promise<PurgedPage>
  objects(): Promise<PurgedPage>
  actors(): Promise<void>
  left(): Promise<number>
}

/** Everything of an organization in its cell; the job that removes it goes last. */
export interface OrgData {
  tables(): Promise<string[]>
  table(name: string): Promise<PurgedPage>
  objects(): Promise<PurgedPage>
  actors(): Promise<void>
  left(): Promise<number>
}

export interface PurgeDeps {
  project: ProjectData
  org: OrgData
  control: {
    removeProject(projectId: string): Promise<void>
    /** With everything that belongs to it, and its certificate kept for its owners. */
    removeOrg(input: DeletionInput, certificate: DeletionCertificate): Promise<void>
  }
  /** Forgets what the edge knows of the organization's keys and budgets. */
  forgetKeys(projectId: string | null): Promise<void>
  sign(certificate: UnsignedDeletion): Promise<DeletionCertificate>
  keepCertificate(certificate: DeletionCertificate): Promise<void>
  audit(record: AuditRecord): Promise<void>
  now(): number
}
