import { bundledBook } from '../../../adapters/prices/bundled.ts'
import { forgetPrices, openPrices } from '../../../adapters/prices/books.ts'
import type { Work } from '../../../contract/guard.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import type { PriceBook } from '../../../domain/price-book.ts'
import type { Env } from '../../deps.ts'
import type { GuardTools } from './guard.ts'

/**
 * What the guard knows of prices. Decisions are made on numbers in memory: only work of a model that has no price there
 * waits for the organization's own prices to be read, at most once in the time that they are kept.
 */
export class KnownPrices {
  private readonly env: Env
  private book: PriceBook = bundledBook

  constructor(env: Env) {
    this.env = env
  }

  /** Tools, with what is known here. */
  with<T extends object>(tools: T): T & Pick<GuardTools, 'isPriced'> {
    return { ...tools, isPriced: (...model) => this.isPriced(...model) }
  }

  private isPriced(provider: string, model: string, atMs: number): boolean {
    return this.book.rates(provider, model, atMs) !== null
  }

  /** To be awaited before a turn that asks for the prices of this work. */
  async learn(tenant: Tenant, works: readonly Work[]): Promise<void> {
    const now = Date.now()
    if (works.every(({ provider, model }) => !model || this.isPriced(provider ?? '', model, now))) return
    try {
      this.book = await openPrices(this.env, tenant)
    } catch {
      // What was known before decides: the guard does not fail with another store.
    }
  }

  forget(tenant: Tenant): void {
    forgetPrices(tenant)
    this.book = bundledBook
  }
}
