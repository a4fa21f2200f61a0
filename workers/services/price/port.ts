import type { Tenant } from '../../contract/tenant.ts'
import type { PriceBook } from '../../domain/price-book.ts'
import type { OverrideRow } from '../../domain/price-override.ts'

/** The book of an organization, as it is now; kept for a short time, so that few calls read anything. */
export type OpenPrices = (tenant: Tenant) => Promise<PriceBook>

/** A snapshot of the published catalogue. */
export interface Snapshot {
  /** With which versions of its prices begin. */
  name: string
  /** When it was taken into use; null for the one that came with the product. */
  sinceMs: number | null
  source: string
}

/**
 * An organization's own prices, in its data shard. What changes one throws AppError unavailable while the organization
 * moves to another region.
 */
export interface PriceStore {
  /** Newest first. */
  list(tenant: Tenant): Promise<OverrideRow[]>
  /** Nothing is written when there are `max` of them, or when one for the same holds at the same time. */
  add(tenant: Tenant, row: OverrideRow, max: number): Promise<boolean>
  /** Nothing is written when it no longer has the row's version, which is raised by one, or when another one holds. */
  replace(tenant: Tenant, row: OverrideRow): Promise<boolean>
  /** False when it no longer has this version. */
  remove(tenant: Tenant, id: string, version: number): Promise<boolean>
}

export interface PriceDeps {
  store: PriceStore
  openPrices: OpenPrices
  snapshot(tenant: Tenant): Promise<Snapshot>
  /** Tells whoever keeps the organization's prices that they have changed, as far as that can be. */
  forget(tenant: Tenant): Promise<void>
  /** Names of members, by account. */
  namesOf(orgId: string): Promise<ReadonlyMap<string, string>>
  now(): number
  random(bytes: number): Uint8Array
}
