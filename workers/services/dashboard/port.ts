import type { Tenant } from '../../contract/tenant.ts'
import type { SavedRow } from '../../domain/saved-view.ts'

/**
 * Saved views of an organization, in its data shard. What changes one throws AppError unavailable while the
 * organization moves to another region.
 */
export interface ViewStore {
  /** Newest first. */
  list(tenant: Tenant): Promise<SavedRow[]>
  find(tenant: Tenant, id: string): Promise<SavedRow | null>
  /** False, and nothing is written, when the organization has `max` of them. */
  add(tenant: Tenant, row: SavedRow, max: number): Promise<boolean>
  /** False, and nothing is written, when it no longer has the row's version, which the write raises by one. */
  replace(tenant: Tenant, row: SavedRow): Promise<boolean>
  /** False when it no longer has this version. */
  remove(tenant: Tenant, id: string, version: number): Promise<boolean>
  /** Removes what is private of a person who goes; what they shared stays, without an owner. */
  forgetOwner(tenant: Tenant, userId: string): Promise<void>
}

export interface ViewDeps {
  store: ViewStore
  /** Names of members, by account. */
  namesOf(orgId: string): Promise<ReadonlyMap<string, string>>
  now(): number
  random(bytes: number): Uint8Array
}
