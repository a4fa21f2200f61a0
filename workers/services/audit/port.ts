import type { AuditDraft, AuditFilter, AuditLink, Checkpoint } from '../../contract/audit.ts'
import type { Tenant } from '../../contract/tenant.ts'
import type { Sha256 } from '../../domain/audit/chain.ts'

/** The chain of each organization. Entries come as the canonical JSON that was hashed. */
export interface AuditStore {
  /** A record whose id is there already changes nothing and answers its first link. */
  append(tenant: Tenant, id: string, draft: AuditDraft): Promise<AuditLink>
  /** Newest first. */
  list(tenant: Tenant, filter: AuditFilter, beforeSeq: number | null, limit: number): Promise<string[]>
  /** Some of the entries after one and up to another, oldest first, with the checkpoints that sign them. */
  page(tenant: Tenant, afterSeq: number, toSeq: number): Promise<{ entries: string[]; checkpoints: Checkpoint[] }>
  /** Signs the last link and returns it. */
  sealHead(tenant: Tenant): Promise<AuditLink | null>
  /** SPKI, base64; null when nothing is signed here. */
  publicKey(): Promise<string | null>
}

/** A subject (an account's id, `org:<id>`, `mail:<hash>`), its pseudonym, and the key of what is sealed of it. */
export interface PersonKey {
  subject: string
  person: string
  key: Uint8Array
}

/** The keys of people. Where one is removed, what it sealed is gone. */
export interface PersonKeys {
  /** Keeps each of these unless its subject has a key already, and returns what is kept. */
  ensure(candidates: PersonKey[], nowMs: number): Promise<PersonKey[]>
  bySubject(subjects: string[]): Promise<PersonKey[]>
  byPerson(persons: string[]): Promise<PersonKey[]>
  remove(subjects: string[]): Promise<void>
}

/** AES-256-GCM, bound to the pseudonym. */
export interface PersonalCipher {
  seal(key: PersonKey, text: string): Promise<string>
  /** Null for what was not sealed with this key. */
  open(key: PersonKey, box: string): Promise<string | null>
}

export interface AuditDeps {
  store: AuditStore
  persons: PersonKeys
  cipher: PersonalCipher
  sha256: Sha256
  random(bytes: number): Uint8Array
  now(): number
}
