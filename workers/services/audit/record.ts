import { AuditRecord, type AuditLink, type Sealed } from '../../contract/audit.ts'
import type { Tenant } from '../../contract/tenant.ts'
import {
  accountsMentioned,
  actorPersonal,
  draftOf,
  mailSubject,
  newPersonId,
  PERSON_RANDOM_BYTES,
  SALT_BYTES,
  subjectsOf,
  targetPersonal,
} from '../../domain/audit/draft.ts'
import { hex } from '../../domain/hex.ts'
import type { AuditDeps, PersonKey } from './port.ts'

const KEY_BYTES = 32
const ID_BYTES = 16

/**
 * Appends a record to its organization's chain: people under pseudonyms, what is personal sealed, secrets taken out.
 * Durable when this resolves. A retry by the caller appends nothing twice when `record.id` is the same.
 */
export async function record(deps: AuditDeps, tenant: Tenant, record: AuditRecord): Promise<AuditLink> {
  const checked = AuditRecord.parse(record)
  const subjects = subjectsOf(checked, tenant.org_id, deps.sha256)
  const wanted = [subjects.actor, subjects.target].filter((subject) => subject !== null)
  const mentioned = accountsMentioned(checked).filter((id) => !wanted.includes(id))
  const [own, others] = await Promise.all([
    ensureKeys(deps, [...new Set(wanted)]),
    mentioned.length > 0 ? deps.persons.bySubject(mentioned) : [],
  ])
  const keys = new Map(own.map((key) => [key.subject, key]))
  const seal = async (subject: string | null, text: (salt: string) => string): Promise<Sealed | null> => {
    if (subject === null) return null
    const key = keys.get(subject)
    if (key === undefined) throw new Error('a subject without a key was to be sealed')
    const plain = text(hex(deps.random(SALT_BYTES)))
    return { person: key.person, box: await deps.cipher.seal(key, plain), digest: deps.sha256(plain) }
  }
  const isSelf = subjects.target === subjects.actor
  const sealed = {
    actor: await seal(subjects.actor, (salt) => actorPersonal(checked, salt)),
    target: isSelf ? null : await seal(subjects.target, (salt) => targetPersonal(checked, salt)),
  }
  const pseudonyms = new Map([...own, ...others].map(({ subject, person }) => [subject, person]))
  const draft = draftOf(checked, subjects, pseudonyms, sealed)
  return deps.store.append(tenant, checked.id ?? hex(deps.random(ID_BYTES)), draft)
}

/**
 * Makes what every audit log holds of a person unreadable for ever; the chains stay whole. Call it last, after the
 * record of the deletion itself: a later record that names the account would make a new pseudonym.
 */
export async function forgetPerson(deps: AuditDeps, userId: string, email: string | null): Promise<void> {
  await deps.persons.remove([userId, ...(email === null ? [] : [mailSubject(email, deps.sha256)])])
}

function ensureKeys(deps: AuditDeps, subjects: string[]): Promise<PersonKey[]> {
  if (subjects.length === 0) return Promise.resolve([])
  const candidates = subjects.map((subject) => ({
    subject,
    person: newPersonId(deps.random(PERSON_RANDOM_BYTES)),
    key: deps.random(KEY_BYTES),
  }))
  return deps.persons.ensure(candidates, deps.now())
}
