import type { Role } from '../../contract/api.ts'
import type { Cell, KeyRecord } from '../../contract/tenant.ts'

export interface OrgRow {
  id: string
  slug: string
  name: string
  cell: Cell
  shard: number
  createdMs: number
  /** IANA. */
  timeZone: string
  /** Since when it is deleted; it can be taken back for seven days. */
  deletedMs: number | null
}
export interface WorkspaceRow {
  id: string
  orgId: string
  slug: string
  name: string
  createdMs: number
}
export interface ProjectRow extends WorkspaceRow {
  workspaceId: string
  keepContent: boolean
  /** Days that data are kept; null: for good. */
  eventsDays: number | null
  tracesDays: number | null
  metricsDays: number | null
  archiveDays: number | null
  deletedMs: number | null
}
export interface KeyRow {
  id: string
  orgId: string
  /** Null: the whole organization. */
  projectId: string | null
  principalId: string | null
  environment: string | null
  name: string
  hash: string
  hint: string
  /** JSON array. */
  scopes: string
  createdBy: string
  createdMs: number
  expiresMs: number | null
  revokedMs: number | null
  rotatedTo: string | null
}
export interface PrincipalRow {
  id: string
  orgId: string
  name: string
  role: Role
  createdBy: string
  createdMs: number
  disabledMs: number | null
}

/** An organization, by id or slug, or a project by id. */
export type Place = { org: string } | { project: string }

export interface Access {
  role: Role | null
  /** True for a member of some projects only. */
  restricted: boolean
  org: OrgRow
  /** The one that was named. */
  project: ProjectRow | null
  projects: ProjectRow[]
}

/** The control database. What belongs to a tenant is asked for with its organization. */
export interface ControlStore {
  orgsOf(userId: string): Promise<(OrgRow & { role: Role })[]>
  /** What a person may enter; null when it does not exist or they are no member. */
  access(userId: string, place: Place): Promise<Access | null>
  /** For a key of one project others, even of its own organization, do not exist. */
  accessOfKey(key: KeyRecord, place: Place): Promise<Access | null>
  createOrg(org: OrgRow, ownerId: string, workspace: WorkspaceRow, project: ProjectRow): Promise<void>
  workspaces(orgId: string): Promise<WorkspaceRow[]>
  createWorkspace(row: WorkspaceRow): Promise<void>
  projects(orgId: string): Promise<ProjectRow[]>
  createProject(row: ProjectRow): Promise<void>
  updateProject(
    orgId: string,
    id: string,
    change: Partial<Omit<ProjectRow, 'id' | 'orgId' | 'workspaceId'>>,
  ): Promise<void>
  updateOrg(orgId: string, change: { name?: string | undefined; timeZone?: string | undefined }): Promise<void>
}

/** Keys and service principals, in the control database. A project's keys, or with null the organization's own. */
export interface KeyStore {
  keys(orgId: string, projectId: string | null): Promise<KeyRow[]>
  key(orgId: string, projectId: string | null, keyId: string): Promise<KeyRow | null>
  createKey(row: KeyRow): Promise<void>
  revokeKey(orgId: string, keyId: string, nowMs: number): Promise<void>
  /** The new key is there and the old one has its end, both or neither. */
  rotateKey(row: KeyRow, old: KeyRow, oldExpiresMs: number): Promise<void>
  principals(orgId: string): Promise<PrincipalRow[]>
  principal(orgId: string, id: string): Promise<PrincipalRow | null>
  createPrincipal(row: PrincipalRow): Promise<void>
  updatePrincipal(orgId: string, id: string, change: Partial<PrincipalRow>): Promise<void>
  keysOfPrincipal(orgId: string, principalId: string): Promise<KeyRow[]>
}

/** The key records that the edge reads. */
export interface KeyRecords {
  put(hash: string, record: KeyRecord): Promise<void>
  remove(hash: string): Promise<void>
  /** Epoch milliseconds, to the hour, by key id. */
  lastUsed(keyIds: readonly string[]): Promise<Map<string, number>>
}

export interface TenantDeps {
  control: ControlStore
  keys: KeyStore
  keyRecords: KeyRecords
  now(): number
  random(bytes: number): Uint8Array
  sha256(text: string): string
}
