import type * as z from 'zod'
import type { Org, OrgCreate, OrgCreated, ProjectCreate, WorkspaceCreate } from '../../contract/api.ts'
import { SHARDS } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId, type IdKind } from '../../domain/id.ts'
import { DEFAULT_RETENTION } from '../../domain/retention.ts'
import { isTimeZone } from '../../domain/time-zone.ts'
import { RESERVED, slugOf } from '../../domain/slug.ts'
import type { OrgRow, ProjectRow, TenantDeps, WorkspaceRow } from './store.ts'

const iso = (ms: number) => new Date(ms).toISOString()
const RANDOM_BYTES = 13
const KEPT = {
  eventsDays: DEFAULT_RETENTION.events_days,
  tracesDays: DEFAULT_RETENTION.traces_days,
  metricsDays: DEFAULT_RETENTION.metrics_days,
  archiveDays: DEFAULT_RETENTION.archive_days,
  deletedMs: null,
}

export function orgView(row: OrgRow): Org {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    region: row.cell,
    time_zone: row.timeZone,
    created_at: iso(row.createdMs),
  }
}
export function workspaceView(row: WorkspaceRow) {
  return { id: row.id, org_id: row.orgId, slug: row.slug, name: row.name, created_at: iso(row.createdMs) }
}
export function projectView(row: ProjectRow, org: OrgRow) {
  return { ...workspaceView(row), workspace_id: row.workspaceId, keep_content: row.keepContent, region: org.cell }
}

/** A new organization with its first workspace and project; its cell and shard change only when it is moved. */
export async function createOrg(
  deps: TenantDeps,
  userId: string,
  input: z.infer<typeof OrgCreate>,
): Promise<OrgCreated> {
  if (input.slug !== undefined && RESERVED.has(input.slug)) {
    throw new AppError('conflict', `The slug "${input.slug}" is reserved: choose another.`, {
      errors: [{ pointer: '/slug', detail: 'reserved' }],
    })
  }
  checkZone(input.time_zone)
  const now = deps.now()
  const id = make(deps, 'org')
  const org: OrgRow = {
    id,
    slug: input.slug ?? slugOf(input.name, id),
    name: input.name,
    cell: input.region,
    shard: shardFor(deps, id, input.region),
    createdMs: now,
    timeZone: input.time_zone,
    deletedMs: null,
  }
  const workspace: WorkspaceRow = {
    id: make(deps, 'workspace'),
    orgId: id,
    slug: 'default',
    name: 'Default',
    createdMs: now,
  }
  const project: ProjectRow = {
    ...workspace,
    id: make(deps, 'project'),
    workspaceId: workspace.id,
    keepContent: false,
    ...KEPT,
  }
  await deps.control.createOrg(org, userId, workspace, project)
  return { ...orgView(org), default_workspace_id: workspace.id, default_project_id: project.id }
}

/** @throws AppError invalid_input for what is no zone. */
export async function updateOrg(
  deps: TenantDeps,
  org: OrgRow,
  change: { name?: string | undefined; time_zone?: string | undefined },
): Promise<OrgRow> {
  const next = { ...org, name: change.name ?? org.name, timeZone: change.time_zone ?? org.timeZone }
  checkZone(next.timeZone)
  await deps.control.updateOrg(org.id, { name: next.name, timeZone: next.timeZone })
  return next
}

function checkZone(zone: string): void {
  if (isTimeZone(zone)) return
  throw new AppError('invalid_input', `"${zone}" is no IANA time zone: use a name like "Europe/Berlin".`, {
    errors: [{ pointer: '/time_zone', detail: 'unknown zone' }],
  })
}

export async function createWorkspace(deps: TenantDeps, org: OrgRow, input: z.infer<typeof WorkspaceCreate>) {
  const id = make(deps, 'workspace')
  const row: WorkspaceRow = {
    id,
    orgId: org.id,
    slug: input.slug ?? slugOf(input.name, id),
    name: input.name,
    createdMs: deps.now(),
  }
  await deps.control.createWorkspace(row)
  return workspaceView(row)
}

export async function createProject(deps: TenantDeps, org: OrgRow, input: z.infer<typeof ProjectCreate>) {
  const workspaces = await deps.control.workspaces(org.id)
  const workspace =
    input.workspace_id === undefined ? workspaces[0] : workspaces.find((w) => w.id === input.workspace_id)
  if (!workspace)
    throw new AppError('invalid_input', 'There is no such workspace in this organization.', {
      errors: [{ pointer: '/workspace_id', detail: 'unknown' }],
    })
  const id = make(deps, 'project')
  const row: ProjectRow = {
    id,
    orgId: org.id,
    workspaceId: workspace.id,
    slug: input.slug ?? slugOf(input.name, id),
    name: input.name,
    keepContent: false,
    ...KEPT,
    createdMs: deps.now(),
  }
  await deps.control.createProject(row)
  return projectView(row, org)
}

function make(deps: TenantDeps, kind: IdKind): string {
  return newId(kind, deps.now(), deps.random(RANDOM_BYTES))
}

/** By the hash of the id, so that shards fill evenly. */
function shardFor(deps: TenantDeps, orgId: string, cell: OrgRow['cell']): number {
  return Number.parseInt(deps.sha256(orgId).slice(0, 8), 16) % SHARDS[cell]
}
