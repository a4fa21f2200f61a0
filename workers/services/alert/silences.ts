import { SILENCES_MAX, type Silence, type SilenceCreate } from '../../contract/alert.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { newId } from '../../domain/id.ts'
import { changing } from './changing.ts'
import { isSeenBy, type AlertDeps, type Asker } from './port.ts'

const RANDOM_BYTES = 13
const DAY_MS = 86_400_000
const SILENCE_MS_MAX = 366 * DAY_MS
const REPEAT_MS = { none: SILENCE_MS_MAX, daily: DAY_MS, weekly: 7 * DAY_MS }
const MISSING = 'There is no such silence.'

/** Newest first; who sees some projects sees those of all rules and of their own. */
export async function listSilences(deps: AlertDeps, tenant: Tenant, asker: Asker): Promise<Silence[]> {
  const rpc = deps.of(tenant)
  const silences = await rpc.silences()
  if (!asker.isPartial) return silences
  const own = await ownRules(deps, tenant, asker)
  return silences.filter(({ rule_id }) => rule_id === null || own.has(rule_id))
}

/** @throws AppError invalid_input, conflict when there are too many. */
export async function createSilence(
  deps: AlertDeps,
  tenant: Tenant,
  asker: Asker,
  input: SilenceCreate,
): Promise<Silence> {
  checkTimes(input, deps.now())
  if (input.rule_id === null && asker.isPartial)
    throw refused('/rule_id', 'names a rule: you are a member of some projects only')
  if (input.rule_id !== null && !(await ownRules(deps, tenant, asker)).has(input.rule_id))
    throw refused('/rule_id', 'there is no such rule')
  const id = newId('silence', deps.now(), deps.random(RANDOM_BYTES))
  const made = await changing(() => deps.of(tenant).createSilence(tenant, id, asker.zone, input, asker.id))
  if (made === null) throw new AppError('conflict', `At most ${SILENCES_MAX} silences hold or wait: end one first.`)
  return made
}

/** @throws AppError not_found. */
export async function endSilence(deps: AlertDeps, tenant: Tenant, asker: Asker, id: string): Promise<Silence> {
  const found = (await listSilences(deps, tenant, asker)).find((one) => one.id === id)
  if (found === undefined || (asker.isPartial && found.rule_id === null)) throw new AppError('not_found', MISSING)
  const ended = await changing(() => deps.of(tenant).endSilence(id))
  if (ended === null) throw new AppError('not_found', MISSING)
  return ended
}

function checkTimes({ starts_at, ends_at, repeat }: SilenceCreate, nowMs: number): void {
  const from = starts_at === undefined ? nowMs : Date.parse(starts_at)
  const to = Date.parse(ends_at)
  if (to <= from) throw refused('/ends_at', 'must be after its beginning')
  if (to <= nowMs && repeat === 'none') throw refused('/ends_at', 'must be in the future')
  if (to - from > REPEAT_MS[repeat])
    throw refused(
      '/ends_at',
      repeat === 'none' ? 'must be within 366 days' : `must be before the next ${repeat} window`,
    )
}

async function ownRules(deps: AlertDeps, tenant: Tenant, asker: Asker): Promise<Set<string>> {
  return new Set((await deps.of(tenant).rules()).filter(isSeenBy(asker)).map(({ id }) => id))
}

const refused = (pointer: string, detail: string) =>
  new AppError('invalid_input', `${pointer}: ${detail}.`, { errors: [{ pointer, detail }] })
