import type * as z from 'zod'
import type { Key, KeyCreate, KeyCreated } from '../../contract/api.ts'
import type { KeyRecord, Scope } from '../../contract/tenant.ts'
import { KEY_RANDOM_BYTES, makeApiKey } from '../../domain/api-key.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import type { KeyRow, OrgRow, PrincipalRow, ProjectRow, TenantDeps } from '../tenant/store.ts'

const HINT_CHARS = 4
const RANDOM_BYTES = 13
const HOUR_MS = 3_600_000
const iso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** Whose keys: one project's, or the organization's own. */
export interface KeyPlace {
  org: OrgRow
  project: ProjectRow | null
}

export function keyView(row: KeyRow, lastUsedMs: number | null = null): Key {
  return {
    id: row.id,
    name: row.name,
    project_id: row.projectId,
    principal_id: row.principalId,
    environment: row.environment,
    scopes: JSON.parse(row.scopes) as Scope[],
    hint: row.hint,
    created_at: new Date(row.createdMs).toISOString(),
    expires_at: iso(row.expiresMs),
    revoked_at: iso(row.revokedMs),
    rotated_to: row.rotatedTo,
    last_used_at: iso(lastUsedMs),
  }
}

export async function listKeys(deps: TenantDeps, { org, project }: KeyPlace): Promise<Key[]> {
  const rows = await deps.keys.keys(org.id, project?.id ?? null)
  const used = await deps.keyRecords.lastUsed(rows.map((row) => row.id))
  return rows.map((row) => keyView(row, used.get(row.id) ?? null))
}

/** A new key, shown in this answer only. Stored as a hash; the edge knows it when this resolves. */
export async function createKey(
  deps: TenantDeps,
  place: KeyPlace,
  actor: string,
  input: z.infer<typeof KeyCreate>,
): Promise<KeyCreated> {
  const now = deps.now()
  const expiresMs = input.expires_at === undefined ? null : Date.parse(input.expires_at)
  if (expiresMs !== null && expiresMs <= now) throw invalid('/expires_at', 'The key would be expired already.')
  if (place.project === null && input.scopes.includes('ingest'))
    throw invalid('/scopes', 'Events belong to a project: make a key for "ingest" in the project.')
  const principal = await principalFor(deps, place.org, input.principal_id)
  const { key, row } = newKey(deps, place, actor, {
    name: input.name,
    scopes: [...new Set(input.scopes)],
    expiresMs,
    principalId: principal?.id ?? null,
    environment: input.environment ?? null,
  })
  await deps.keys.createKey(row)
  await deps.keyRecords.put(row.hash, recordOf(row, place, principal))
  return { ...keyView(row), key }
}

/** A key that takes another's place; the old one works on until `overlapHours` are over. */
export async function rotateKey(
  deps: TenantDeps,
  place: KeyPlace,
  actor: string,
  keyId: string,
  overlapHours: number,
): Promise<KeyCreated> {
  const now = deps.now()
  const old = await keyOf(deps, place, keyId)
  if (old.revokedMs !== null || (old.expiresMs !== null && old.expiresMs <= now))
    throw new AppError('conflict', 'This key no longer works: make a new one instead.')
  if (old.rotatedTo !== null) throw new AppError('conflict', 'This key was rotated already: rotate the one after it.')
  const principal = await principalFor(deps, place.org, old.principalId ?? undefined)
  const life = old.expiresMs === null ? null : old.expiresMs - old.createdMs
  const { key, row } = newKey(deps, place, actor, {
    name: old.name,
    scopes: JSON.parse(old.scopes) as Scope[],
    expiresMs: life === null ? null : now + life,
    principalId: old.principalId,
    environment: old.environment,
  })
  const oldExpiresMs = Math.min(old.expiresMs ?? Number.POSITIVE_INFINITY, now + overlapHours * HOUR_MS)
  // The old one's end at the edge first: what dies in between leaves a key that ends, not one that works for ever.
  await deps.keyRecords.put(old.hash, recordOf({ ...old, expiresMs: oldExpiresMs }, place, principal))
  await deps.keys.rotateKey(row, old, oldExpiresMs)
  await deps.keyRecords.put(row.hash, recordOf(row, place, principal))
  return { ...keyView(row), key }
}

/** Refused everywhere within 60 s; revoking twice is revoking once. */
export async function revokeKey(deps: TenantDeps, place: KeyPlace, keyId: string): Promise<Key> {
  const row = await keyOf(deps, place, keyId)
  const revokedMs = row.revokedMs ?? deps.now()
  // The edge first: what dies in between leaves a key that is refused and listed, never one that works and is not.
  await deps.keyRecords.remove(row.hash)
  await deps.keys.revokeKey(place.org.id, keyId, revokedMs)
  return keyView({ ...row, revokedMs })
}

/** Tells the edge anew what these keys mean. */
export async function republish(
  deps: TenantDeps,
  place: KeyPlace,
  rows: readonly KeyRow[],
  principal: PrincipalRow | null,
): Promise<void> {
  await Promise.all(
    rows
      .filter((row) => row.revokedMs === null)
      .map((row) => deps.keyRecords.put(row.hash, recordOf(row, place, principal))),
  )
}

interface NewKey {
  name: string
  scopes: Scope[]
  expiresMs: number | null
  principalId: string | null
  environment: string | null
}

function newKey(deps: TenantDeps, { org, project }: KeyPlace, actor: string, given: NewKey) {
  const now = deps.now()
  const key = makeApiKey(org.cell, deps.random(KEY_RANDOM_BYTES))
  const row: KeyRow = {
    id: newId('key', now, deps.random(RANDOM_BYTES)),
    orgId: org.id,
    projectId: project?.id ?? null,
    principalId: given.principalId,
    environment: given.environment,
    name: given.name,
    hash: deps.sha256(key),
    hint: `ao_${org.cell}_…${key.slice(-HINT_CHARS)}`,
    scopes: JSON.stringify(given.scopes),
    createdBy: actor,
    createdMs: now,
    expiresMs: given.expiresMs,
    revokedMs: null,
    rotatedTo: null,
  }
  return { key, row }
}

async function keyOf(deps: TenantDeps, { org, project }: KeyPlace, keyId: string): Promise<KeyRow> {
  const row = await deps.keys.key(org.id, project?.id ?? null, keyId)
  if (row === null) throw new AppError('not_found', 'There is no such key.')
  return row
}

async function principalFor(deps: TenantDeps, org: OrgRow, id: string | undefined): Promise<PrincipalRow | null> {
  if (id === undefined) return null
  const row = await deps.keys.principal(org.id, id)
  if (row === null) throw invalid('/principal_id', 'There is no such service principal in this organization.')
  if (row.disabledMs !== null) throw invalid('/principal_id', 'This service principal is disabled.')
  return row
}

/** What the edge knows of a key. */
export function recordOf(row: KeyRow, { org, project }: KeyPlace, principal: PrincipalRow | null): KeyRecord {
  return {
    key_id: row.id,
    name: principal?.name ?? row.name,
    role: principal?.role ?? null,
    environment: row.environment,
    org_id: org.id,
    workspace_id: project?.workspaceId ?? '',
    project_id: project?.id ?? '',
    cell: org.cell,
    shard: org.shard,
    scopes: JSON.parse(row.scopes) as Scope[],
    expires_at: row.expiresMs,
    keep_content: project?.keepContent ?? false,
  }
}

function invalid(pointer: string, detail: string): AppError {
  return new AppError('invalid_input', detail, { errors: [{ pointer, detail }] })
}
