import type { Amount, CatalogueProvider } from '../../contract/price-catalogue.ts'
import { pricesAt } from './find.ts'

/** No provider changes a price like this; a misplaced decimal point does. */
const TIMES_MAX = 100
/** Of what had a price, the part that may come to cost nothing in one publication. */
const FREE_SHARE_MAX = 0.1

/**
 * Why a publication of the catalogue is not taken into use, or null. What it is compared with is the snapshot in use:
 * it must have half of its models at least, none at a hundredth or a hundred times of its price, and few for nothing.
 */
export function refusalOf(
  next: readonly CatalogueProvider[],
  last: readonly CatalogueProvider[],
  nowMs: number,
): string | null {
  const [now, before] = [pricesOf(next, nowMs), pricesOf(last, nowMs)]
  if (now.size * 2 < before.size) return `it has ${now.size} prices, and ${before.size} are in use`
  let paid = 0
  let free = 0
  for (const [name, price] of before) {
    const changed = now.get(name)
    if (price === 0 || changed === undefined) continue
    paid++
    if (changed === 0) free++
    else if (changed >= price * TIMES_MAX || changed * TIMES_MAX <= price)
      return `${name} costs ${changed}, and ${price} before`
  }
  return free > paid * FREE_SHARE_MAX ? `${free} of ${paid} prices are 0 now` : null
}

/** Of each row, what a token in and a token out cost. */
function pricesOf(providers: readonly CatalogueProvider[], atMs: number): Map<string, number> {
  const prices = new Map<string, number>()
  for (const { id, models } of providers)
    for (const model of models) {
      const { input_mtok, output_mtok } = pricesAt(model.prices, atMs)
      if (input_mtok !== undefined) prices.set(`${id}/${model.id} input`, baseOf(input_mtok))
      if (output_mtok !== undefined) prices.set(`${id}/${model.id} output`, baseOf(output_mtok))
    }
  return prices
}

const baseOf = (amount: Amount) => (typeof amount === 'number' ? amount : amount.base)
