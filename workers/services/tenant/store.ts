import type { Role } from '../../contract/api.ts'
import type { Cell, KeyRecord } from '../../contract/tenant.ts'

export interface OrgRow {
  id: string
  slug: string
  name: string
  cell: Cell
  shard: number
  createdMs: number
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
}
export interface KeyRow {
  id: string
  orgId: string
  projectId: string
  name: string
  hash: string
  hint: string
  /** JSON array. */
  scopes: string
  createdBy: string
  createdMs: number
  expiresMs: number | null
  revokedMs: number | null
}

/** An organization, by id or slug, or a project by id. */
export type Place = { org: string } | { project: string }

export interface Access {
  role: Role | null
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
  /** A key stands for one project: others, even of its own organization, do not exist for it. */
  accessOfKey(key: KeyRecord, place: Place): Promise<Access | null>
  createOrg(org: OrgRow, ownerId: string, workspace: WorkspaceRow, project: ProjectRow): Promise<void>
  workspaces(orgId: string): Promise<WorkspaceRow[]>
  createWorkspace(row: WorkspaceRow): Promise<void>
  projects(orgId: string): Promise<ProjectRow[]>
  createProject(row: ProjectRow): Promise<void>
  updateProject(orgId: string, id: string, change: { name?: string; keepContent?: boolean }): Promise<void>
  keys(orgId: string, projectId: string): Promise<KeyRow[]>
  createKey(row: KeyRow): Promise<void>
  revokeKey(orgId: string, projectId: string, keyId: string, nowMs: number): Promise<KeyRow | null>
}

/** The key records that the edge reads. */
export interface KeyRecords {
  put(hash: string, record: KeyRecord): Promise<void>
  remove(hash: string): Promise<void>
}

export interface TenantDeps {
  control: ControlStore
  keyRecords: KeyRecords
  now(): number
  random(bytes: number): Uint8Array
  sha256(text: string): string
}
