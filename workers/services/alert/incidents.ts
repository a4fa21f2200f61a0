import type { Incident, IncidentFilter, IncidentPage } from '../../contract/alert.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { changing } from './changing.ts'
import { isSeenBy, type AlertDeps, type Asker } from './port.ts'

const MISSING = 'There is no such incident.'

/** Newest first. @throws AppError invalid_input for a cursor that is none. */
export async function listIncidents(
  deps: AlertDeps,
  tenant: Tenant,
  asker: Asker,
  filter: Omit<IncidentFilter, 'projects'>,
): Promise<IncidentPage> {
  if (filter.cursor !== null && !/^\d{1,15}$/.test(filter.cursor))
    throw new AppError('invalid_input', 'This cursor is not one that was given.', {
      errors: [{ pointer: 'query/cursor', detail: 'is not one that was given' }],
    })
  return deps.of(tenant).incidents({ ...filter, projects: asker.isPartial ? asker.projects : null })
}

/** @throws AppError not_found. */
export async function findIncident(deps: AlertDeps, tenant: Tenant, asker: Asker, id: string) {
  const found = await deps.of(tenant).incident(id)
  if (found === null || !isSeenBy(asker)(found.incident)) throw new AppError('not_found', MISSING)
  return found
}

/** Says that somebody has seen it; the first to say so stays. @throws AppError not_found. */
export async function acknowledgeIncident(
  deps: AlertDeps,
  tenant: Tenant,
  asker: Asker,
  id: string,
): Promise<Incident> {
  await findIncident(deps, tenant, asker, id)
  const incident = await changing(() => deps.of(tenant).acknowledge(id, asker.id))
  if (incident === null) throw new AppError('not_found', MISSING)
  return incident
}
