import type { PriceShape, Rates } from './price.ts'

/** What one call of a tool costs. */
export interface CallPrice {
  nanousd: number
  /** Names whose price it is; kept with every ledger entry. */
  version: string
}

/** The prices that hold for one organization, at hand: asking one waits for nothing. */
export interface PriceBook {
  /**
   * Rates of a model at a time, with their version; null when there are none (an event is then `unpriced`, never zero).
   * @param provider as events name it; empty or unknown: found by the model's name alone.
   */
  rates(provider: string, model: string, atMs: number): Rates | null
  /** On what the price of a model depends, at any time; one without a price depends on nothing. */
  shape(provider: string, model: string): PriceShape
  /** The organization's own price of one call of a tool. */
  perCall(tool: string, atMs: number): CallPrice | null
}

/** Knows no price of anything. */
export const NO_PRICES: PriceBook = {
  rates: () => null,
  perCall: () => null,
  shape: () => ({ steady: true, tiers: [] }),
}

/** Finds every entry that could have been booked, whatever the prices were at that time: for keys, not for amounts. */
export const ANY_PRICES: PriceBook = { ...NO_PRICES, perCall: () => ({ nanousd: 0, version: '' }) }
