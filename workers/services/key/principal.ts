import type * as z from 'zod'
import type { Principal, PrincipalCreate, PrincipalUpdate } from '../../contract/api.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import type { KeyRow, OrgRow, PrincipalRow, ProjectRow, TenantDeps } from '../tenant/store.ts'
import { republish } from './manage.ts'

const RANDOM_BYTES = 13

export function principalView(row: PrincipalRow): Principal {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    created_at: new Date(row.createdMs).toISOString(),
    disabled_at: row.disabledMs === null ? null : new Date(row.disabledMs).toISOString(),
  }
}

export async function createPrincipal(
  deps: TenantDeps,
  org: OrgRow,
  actor: string,
  input: z.infer<typeof PrincipalCreate>,
): Promise<Principal> {
  const now = deps.now()
  const row: PrincipalRow = {
    id: newId('principal', now, deps.random(RANDOM_BYTES)),
    orgId: org.id,
    name: input.name,
    role: input.role,
    createdBy: actor,
    createdMs: now,
    disabledMs: null,
  }
  await deps.keys.createPrincipal(row)
  return principalView(row)
}

/** Its keys mean the new role within 60 s; disabled, they are refused, and work again when it is enabled. */
export async function updatePrincipal(
  deps: TenantDeps,
  org: OrgRow,
  projects: readonly ProjectRow[],
  id: string,
  change: z.infer<typeof PrincipalUpdate>,
): Promise<{ before: Principal; after: Principal }> {
  const before = await deps.keys.principal(org.id, id)
  if (before === null) throw new AppError('not_found', 'There is no such service principal in this organization.')
  const after: PrincipalRow = {
    ...before,
    name: change.name ?? before.name,
    role: change.role ?? before.role,
    disabledMs: change.disabled === undefined ? before.disabledMs : change.disabled ? deps.now() : null,
  }
  const rows = await deps.keys.keysOfPrincipal(org.id, id)
  // Refused at the edge before it is told so: what dies in between leaves no key that works.
  if (after.disabledMs !== null) await Promise.all(rows.map((row) => deps.keyRecords.remove(row.hash)))
  await deps.keys.updatePrincipal(org.id, id, { name: after.name, role: after.role, disabledMs: after.disabledMs })
  if (after.disabledMs === null) await republishAll(deps, org, projects, rows, after)
  return { before: principalView(before), after: principalView(after) }
}

async function republishAll(
  deps: TenantDeps,
  org: OrgRow,
  projects: readonly ProjectRow[],
  rows: readonly KeyRow[],
  principal: PrincipalRow,
): Promise<void> {
  for (const row of rows) {
    const project = projects.find(({ id }) => id === row.projectId) ?? null
    if (row.projectId === null || project !== null) await republish(deps, { org, project }, [row], principal)
  }
}
