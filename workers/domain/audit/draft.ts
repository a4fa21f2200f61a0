import type { AuditDraft, AuditRecord, Sealed } from '../../contract/audit.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Sha256 } from './chain.ts'
import { accountsIn, redactFacts, redactText, type People } from './redact.ts'

/** Bytes of chance behind a pseudonym, and in a salt. */
export const PERSON_RANDOM_BYTES = 20
export const SALT_BYTES = 16
const TEXT_CHARS_MAX = 512
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/

/** What stands for a person in every chain. Of chance alone: it tells nothing about the account. */
export function newPersonId(random: Uint8Array): string {
  if (random.length < PERSON_RANDOM_BYTES) throw new Error('not enough randomness for a pseudonym')
  return `per_${Array.from(random.subarray(0, PERSON_RANDOM_BYTES), (byte) => ALPHABET[byte % 32] ?? '').join('')}`
}

/** Under whose keys the personal parts of a record are sealed: accounts, `org:<id>` or `mail:<hash>`. */
export interface Subjects {
  actor: string | null
  target: string | null
}

/** The subject that stands for an organization: for where its keys and its machinery call from. */
export const orgSubject = (orgId: string) => `org:${orgId}`

/** The subject that stands for somebody who has an address and no account yet. */
export const mailSubject = (email: string, sha256: Sha256) => `mail:${sha256(email.trim().toLowerCase())}`

/** Who has to be kept out of the chain. A key or the system has nothing personal but where it called from. */
export function subjectsOf({ actor, target, origin }: AuditRecord, orgId: string, sha256: Sha256): Subjects {
  const address = [target.email, target.label].find((text) => text !== undefined && EMAIL.test(text))
  return {
    actor: actor.type === 'user' ? actor.id : origin === null ? null : orgSubject(orgId),
    target: target.type === 'user' ? target.id : address === undefined ? null : mailSubject(address, sha256),
  }
}

/** Accounts that a record names in its facts. */
export function accountsMentioned(record: AuditRecord): string[] {
  const aboutPerson = record.target.type === 'user'
  return [...new Set([record.before, record.after].flatMap((facts) => accountsIn(facts, aboutPerson)))]
}

/** Canonical JSON of what is personal of the actor. */
export function actorPersonal({ actor, origin }: AuditRecord, salt: string): string {
  const place = { ip: bounded(origin?.ip), user_agent: bounded(origin?.user_agent) }
  if (actor.type !== 'user') return canonicalJson({ salt, ...place })
  return canonicalJson({
    salt,
    user_id: actor.id,
    name: bounded(actor.label),
    email: bounded(actor.email),
    ...place,
  })
}

/** Canonical JSON of what is personal of the target. */
export function targetPersonal({ target }: AuditRecord, salt: string): string {
  return canonicalJson({
    salt,
    user_id: target.type === 'user' ? target.id : null,
    name: bounded(target.label),
    email: bounded(target.email),
  })
}

/** The entry-to-be of a record: pseudonyms for people, no secret, and the personal parts sealed. */
export function draftOf(
  record: AuditRecord,
  subjects: Subjects,
  pseudonyms: ReadonlyMap<string, string>,
  sealed: { actor: Sealed | null; target: Sealed | null },
): AuditDraft {
  const { actor, target } = record
  const people: People = {
    pseudonyms,
    names: namesIn(record, subjects),
    aboutPerson: target.type === 'user',
  }
  return {
    at: new Date(record.at_ms).toISOString(),
    actor: {
      type: actor.type,
      id: actor.type === 'user' ? pseudonymOf(actor.id, pseudonyms) : idOf(actor.id),
      label: actor.type === 'user' ? null : labelOf(actor.label),
    },
    action: record.action,
    target: {
      type: idOf(target.type),
      id: target.type === 'user' ? pseudonymOf(target.id, pseudonyms) : idOf(target.id),
      label: subjects.target === null ? labelOf(target.label) : null,
    },
    agent_id: record.agent_id == null ? null : idOf(record.agent_id),
    before: redactFacts(record.before, people),
    after: redactFacts(record.after, people),
    request_id: redactText(idOf(record.request_id)),
    personal: sealed.actor,
    target_personal: sealed.target,
  }
}

/** One-word names are left alone in the facts: they may be roles, or names of things. */
function namesIn({ actor, target }: AuditRecord, subjects: Subjects): string[] {
  const names = [actor.type === 'user' ? actor.label : '', subjects.target === null ? '' : (target.label ?? '')]
  return names.filter((name) => /\S\s+\S/.test(name))
}

function pseudonymOf(accountId: string, pseudonyms: ReadonlyMap<string, string>): string {
  const pseudonym = pseudonyms.get(accountId)
  if (pseudonym === undefined) throw new Error('an account without a pseudonym was to enter the chain')
  return pseudonym
}

const idOf = (id: string) => id.slice(0, TEXT_CHARS_MAX).toWellFormed()

const labelOf = (label: string | undefined) =>
  label === undefined ? null : redactText(label).slice(0, TEXT_CHARS_MAX).toWellFormed()

const bounded = (text: string | null | undefined) => text?.slice(0, TEXT_CHARS_MAX).toWellFormed() ?? null
