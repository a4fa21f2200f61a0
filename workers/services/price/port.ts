import type { PriceBook } from '../../domain/price-book.ts'
import type { Tenant } from '../../contract/tenant.ts'

/** The book of an organization, as it is now; kept for a short time, so that few calls read anything. */
export type OpenPrices = (tenant: Tenant) => Promise<PriceBook>
