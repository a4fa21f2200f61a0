import type { Work } from '../../../contract/guard.ts'
import type { Tenant } from '../../../contract/tenant.ts'
import type { PriceBook } from '../../../domain/price-book.ts'
import type { GuardTools } from './guard.ts'

export interface PriceTools {
  /** What is known before anything was read. */
  first: PriceBook
  open(tenant: Tenant): Promise<PriceBook>
  forget(tenant: Tenant): void
}

/**
 * What the guard knows of prices. Decisions are made on numbers in memory: only work of a model that has no price there
 * waits for the organization's own prices to be read, at most once in the time that they are kept.
 */
export class KnownPrices {
  private readonly tools: PriceTools
  private book: PriceBook

  constructor(tools: PriceTools) {
    this.tools = tools
    this.book = tools.first
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
      this.book = await this.tools.open(tenant)
    } catch {
      // What was known before decides: the guard does not fail with another store.
    }
  }

  forget(tenant: Tenant): void {
    this.tools.forget(tenant)
    this.book = this.tools.first
  }
}
