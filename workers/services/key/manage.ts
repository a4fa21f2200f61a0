import type { z } from 'zod'
import type { Key, KeyCreate, KeyCreated } from '../../contract/api.ts'
import type { Scope } from '../../contract/tenant.ts'
import { KEY_RANDOM_BYTES, makeApiKey } from '../../domain/api-key.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import type { KeyRow, OrgRow, ProjectRow, TenantDeps } from '../tenant/store.ts'

const HINT_CHARS = 4
const RANDOM_BYTES = 13
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

export function keyView(row: KeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    scopes: JSON.parse(row.scopes) as Scope[],
    hint: row.hint,
    created_at: new Date(row.createdMs).toISOString(),
    expires_at: iso(row.expiresMs),
    revoked_at: iso(row.revokedMs),
  }
}

/** A new key, shown in this answer only. Stored as a hash; the edge knows it when this resolves. */
export async function createKey(
  deps: TenantDeps,
  org: OrgRow,
  project: ProjectRow,
  actor: string,
  input: z.infer<typeof KeyCreate>,
): Promise<KeyCreated> {
  const now = deps.now()
  const expiresMs = input.expires_at === undefined ? null : Date.parse(input.expires_at)
  if (expiresMs !== null && expiresMs <= now)
    throw new AppError('invalid_input', 'The key would be expired already.', {
      errors: [{ pointer: '/expires_at', detail: 'in the past' }],
    })
  const key = makeApiKey(org.cell, deps.random(KEY_RANDOM_BYTES))
  const scopes = [...new Set(input.scopes)]
  const row: KeyRow = {
    id: newId('key', now, deps.random(RANDOM_BYTES)),
    orgId: org.id,
    projectId: project.id,
    name: input.name,
    hash: deps.sha256(key),
    hint: `ao_${org.cell}_…${key.slice(-HINT_CHARS)}`,
    scopes: JSON.stringify(scopes),
    createdBy: actor,
    createdMs: now,
    expiresMs,
    revokedMs: null,
  }
  await deps.control.createKey(row)
  await deps.keyRecords.put(row.hash, recordOf(row, org, project))
  return { ...keyView(row), key }
}

/** Refused everywhere within 60 s; revoking twice is revoking once. */
export async function revokeKey(deps: TenantDeps, org: OrgRow, project: ProjectRow, keyId: string): Promise<Key> {
  const row = await deps.control.revokeKey(org.id, project.id, keyId, deps.now())
  if (!row) throw new AppError('not_found', 'There is no such key.')
  await deps.keyRecords.remove(row.hash)
  return keyView(row)
}

/** Changes a project and tells the edge what its keys now mean. */
export async function updateProject(
  deps: TenantDeps,
  org: OrgRow,
  project: ProjectRow,
  change: { name?: string; keep_content?: boolean },
): Promise<ProjectRow> {
  const next: ProjectRow = {
    ...project,
    name: change.name ?? project.name,
    keepContent: change.keep_content ?? project.keepContent,
  }
  await deps.control.updateProject(org.id, project.id, { name: next.name, keepContent: next.keepContent })
  if (next.keepContent !== project.keepContent) {
    const keys = await deps.control.keys(org.id, project.id)
    await Promise.all(
      keys
        .filter((row) => row.revokedMs === null)
        .map((row) => deps.keyRecords.put(row.hash, recordOf(row, org, next))),
    )
  }
  return next
}

function recordOf(row: KeyRow, org: OrgRow, project: ProjectRow) {
  return {
    key_id: row.id,
    org_id: org.id,
    workspace_id: project.workspaceId,
    project_id: project.id,
    cell: org.cell,
    shard: org.shard,
    scopes: JSON.parse(row.scopes) as Scope[],
    expires_at: row.expiresMs,
    keep_content: project.keepContent,
  }
}
