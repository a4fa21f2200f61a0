import type { ErasureCertificate } from '../../contract/erasure.ts'
import type { AuditRecord } from '../../contract/audit.ts'
import type { Eraser } from '../../domain/erase.ts'

/** What an erasure is asked to do. */
export interface ErasureInput extends Record<string, unknown> {
  subject: string
  /** New and random; see domain/erase.ts. */
  token: string
  digest: string
}

/** One page of a store: what was looked at, what the person was taken out of, and where the next page begins. */
export interface ErasedPage {
  store: string
  scanned: number
  changed: number
  removed: number
  /** Null after the last. */
  next: string | null
}

/** Everything of one organization in which a person may be named. */
export interface ErasureStores {
  /** Each table with the values of its key's first column. */
  tables(): Promise<{ name: string; values: string[] }[]>
  table(name: string, value: string, after: string | null, eraser: Eraser): Promise<ErasedPage>
  objects(after: string | null, eraser: Eraser): Promise<ErasedPage>
  actors(subject: string, token: string): Promise<ErasedPage[]>
  /** Batches that were accepted before and are not applied yet. */
  pending(beforeMs: number): Promise<number>
}

export interface ErasureDeps {
  stores: ErasureStores
  /** Signs the certificate, or leaves it unsigned where there is no key, and keeps it. */
  keepCertificate(certificate: Omit<ErasureCertificate, 'public_key' | 'signature'>): Promise<void>
  audit(record: AuditRecord): Promise<void>
  now(): number
}
