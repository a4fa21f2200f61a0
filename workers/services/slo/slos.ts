import { SLOS_MAX, type Slo, type SloCreate, type SloDetail, type SloUpdate, type TooMany } from '../../contract/slo.ts'
import { RULES_MAX } from '../../contract/alert.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import { changing } from '../alert/changing.ts'
import { isSeenBy, type Asker } from '../alert/port.ts'
import { checked, refused } from './check.ts'
import { historyOfSlo } from './history.ts'
import type { SloDeps } from './port.ts'

const RANDOM_BYTES = 13
const MISSING = 'There is no such objective.'
const TOO_MANY: Record<TooMany, string> = {
  too_many_slos: `An organization has at most ${SLOS_MAX} objectives: remove one first.`,
  too_many_rules: `An organization has at most ${RULES_MAX} alert rules, and an objective with alerts needs one: remove one first.`,
}

export async function listSlos(deps: SloDeps, tenant: Tenant, asker: Asker): Promise<Slo[]> {
  return (await deps.of(tenant).slos()).filter(isSeenBy(asker))
}

/** With what was left of its error budget day by day. @throws AppError not_found. */
export async function readSlo(deps: SloDeps, tenant: Tenant, asker: Asker, id: string): Promise<SloDetail> {
  const slo = await find(deps, tenant, asker, id)
  return { ...slo, history: await historyOfSlo(deps, tenant, asker, slo) }
}

/** @throws AppError invalid_input for what it names and is not there, conflict when there are too many. */
export async function createSlo(deps: SloDeps, tenant: Tenant, asker: Asker, input: SloCreate): Promise<Slo> {
  const given = await checked(deps, tenant, asker, { given: input, whole: input })
  const made = await changing(() => deps.of(tenant).createSlo(tenant, newIds(deps), asker.zone, { ...input, ...given }))
  return unlessTooMany(made)
}

/** The objective as it was and as it is. @throws AppError not_found, invalid_input, conflict. */
export async function updateSlo(
  deps: SloDeps,
  tenant: Tenant,
  asker: Asker,
  { id, change }: { id: string; change: SloUpdate },
): Promise<{ before: Slo; after: Slo }> {
  const before = await find(deps, tenant, asker, id)
  const { type } = before.indicator
  if (change.indicator !== undefined && change.indicator.type !== type)
    throw refused('/indicator/type', `stays "${type}": another is another objective`)
  const whole = { indicator: change.indicator ?? before.indicator, project_id: change.project_id ?? before.project_id }
  const given = await checked(deps, tenant, asker, { given: change, whole })
  const ids = { ...newIds(deps), slo: id }
  const after = await changing(() => deps.of(tenant).updateSlo(ids, asker.zone, given))
  if (after === null) throw new AppError('not_found', MISSING)
  return { before, after: unlessTooMany(after) }
}

/** With its alert rule. @throws AppError not_found. */
export async function removeSlo(deps: SloDeps, tenant: Tenant, asker: Asker, id: string): Promise<Slo> {
  const slo = await find(deps, tenant, asker, id)
  await changing(() => deps.of(tenant).removeSlo(id))
  return slo
}

async function find(deps: SloDeps, tenant: Tenant, asker: Asker, id: string): Promise<Slo> {
  const slo = await deps.of(tenant).slo(id)
  if (slo === null || !isSeenBy(asker)(slo)) throw new AppError('not_found', MISSING)
  return slo
}

function newIds(deps: SloDeps): { slo: string; rule: string } {
  const made = (kind: 'slo' | 'rule') => newId(kind, deps.now(), deps.random(RANDOM_BYTES))
  return { slo: made('slo'), rule: made('rule') }
}

function unlessTooMany(made: Slo | TooMany): Slo {
  if (typeof made === 'string') throw new AppError('conflict', TOO_MANY[made])
  return made
}
