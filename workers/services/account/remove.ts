import type { AuditRecord } from '../../contract/audit.ts'
import type { Tenant } from '../../contract/tenant.ts'
import { AppError } from '../../domain/errors.ts'
import { forgetPerson, record } from '../audit/record.ts'
import type { AuditDeps } from '../audit/port.ts'
import type { OrgRow } from '../tenant/store.ts'

/** Whoever deletes an account has signed in this recently. */
const FRESH_MS = 10 * 60_000

export interface Leaver {
  id: string
  name: string
  email: string
  signedInMs: number
}

export interface RemoveAccountDeps {
  audit: AuditDeps
  /** Their organizations, those that are deleted and not yet removed too. */
  orgsOf(userId: string): Promise<OrgRow[]>
  /** Names of organizations that nobody else owns. */
  solelyOwned(userId: string): Promise<string[]>
  /** Gives up what they own together with others; false, and nothing is changed, where they own alone. */
  standDown(userId: string): Promise<boolean>
  /** Tells the organization's audit log what earlier requests could not; see `settleOutbox`. */
  settle(tenant: Tenant): Promise<void>
  /** Takes the account's id out of what an organization keeps of its budgets and alerts, their saved views and reports. */
  forgetIn(tenant: Tenant, userId: string): Promise<unknown>
  /** Removes the exports of an organization: they list its members. */
  removeExports(tenant: Tenant): Promise<unknown>
  /** Removes the account with all that is its own, and its id from what others have of it; false for a sole owner. */
  removeUser(userId: string, email: string): Promise<boolean>
  /** Mail that was kept instead of sent. */
  removeMail(email: string): Promise<void>
  now(): number
}

/**
 * Removes an account for good. The audit logs tell of it, and then forget who it was: their chains stay whole.
 * @throws AppError invalid_input, forbidden, conflict.
 */
export async function removeAccount(
  deps: RemoveAccountDeps,
  person: Leaver,
  confirm: string,
  entry: Pick<AuditRecord, 'origin' | 'request_id'>,
): Promise<void> {
  if (confirm !== person.email)
    throw new AppError('invalid_input', 'Confirm with the e-mail address of the account.', {
      errors: [{ pointer: '/confirm', detail: 'is not the address' }],
    })
  if (deps.now() - person.signedInMs > FRESH_MS)
    throw new AppError('forbidden', 'Sign in again first: an account is deleted only within ten minutes of that.')
  const owned = await deps.solelyOwned(person.id)
  if (owned.length > 0)
    throw new AppError(
      'conflict',
      `Nobody else owns ${owned.join(', ')}: hand it over, or delete it, before you delete your account.`,
    )
  const { id, name, email } = person
  // From here on nobody's leaving can make them the only owner: what comes next is not refused half-way.
  if (!(await deps.standDown(id))) throw ownsAlone()
  const actor = { type: 'user' as const, id, label: name, email }
  const tenants = (await deps.orgsOf(id)).map(({ id: org_id, cell, shard }) => ({ org_id, cell, shard }))
  for (const tenant of tenants) {
    // What waits for the log may name the account, and goes with it.
    await deps.settle(tenant)
    // The log keeps the record's id, which must not be the account's.
    const one = { ...entry, id: deps.audit.sha256(`account:${id}`), at_ms: deps.now(), action: 'account.delete' }
    await record(deps.audit, tenant, { ...one, actor, target: { ...actor } })
    await deps.forgetIn(tenant, id)
    await deps.removeExports(tenant)
  }
  await deps.removeMail(email)
  // After the records, which would make a new pseudonym, and before the account, without which nobody could try again.
  await forgetPerson(deps.audit, id, email)
  // Only who was made an owner since they stood down is refused here, and can ask again.
  if (!(await deps.removeUser(id, email))) throw ownsAlone()
  // Again, of what an export that was under way has written meanwhile.
  for (const tenant of tenants) await deps.removeExports(tenant)
}

const ownsAlone = () =>
  new AppError('conflict', 'Nobody else owns one of your organizations any more: hand it over, or delete it.')
