import { waitForUpdate } from '@pydantic/genai-prices'
import { catalogueOf } from '../../domain/catalogue/catalogue.ts'
import { bookOf, type Catalogue } from '../../domain/price-override.ts'
import type { PriceBook } from '../../domain/price-book.ts'

/** Of the package whose data come with the product. */
export const BUNDLED_NAME = 'genai-prices/0.1.8'

/** The package hands its data out in this way only; they are there at once. */
export const bundledProviders = (await waitForUpdate()) ?? []

/** The first snapshot, and what prices where there is no other. */
export const bundledCatalogue: Catalogue = catalogueOf(bundledProviders, BUNDLED_NAME)

/** The bundled catalogue's prices, without any of an organization's own. */
export const bundledBook: PriceBook = bookOf(bundledCatalogue, [])
