import type { CanonicalEvent, CostSource } from '../contract/event.ts'
import { leakedShare } from './leak.ts'
import { partsOf, priceOf } from './ledger.ts'
import type { PriceBook } from './price-book.ts'

/** A ledger row, as far as a price depends on it, and what stands for it: it with its adjustments. */
export interface StandingEntry {
  event_key: string
  ts_ms: number
  trace_id: string
  span_id: string
  kind: string
  provider: string
  model: string
  tool_name: string
  tokens_prompt: number
  tokens_completion: number
  tokens_cached: number
  tokens_cache_write: number
  tokens_reasoning: number
  /** What else its price depends on (domain/ledger.ts). */
  usage_parts: string
  leak: string
  /** How many adjustments it has. */
  adjustments: number
  cost_nanousd: number
  leak_nanousd: number
  cost_source: CostSource
}

/** A ledger row to be: what it adds to the entry that it names. Amounts may be negative. */
export interface Adjustment {
  entry: StandingEntry
  event_key: string
  cost_nanousd: number
  leak_nanousd: number
  price_version: string
  /** What stood before. */
  adjusts_source: CostSource
}

/** What pricing an entry anew comes to: an adjustment, nothing that changes, or no price. */
export type Repriced = { kind: 'adjust'; adjustment: Adjustment } | { kind: 'same' } | { kind: 'no_price' }

/** Above every character of a key: an entry's adjustments follow it in the ledger, whatever its key begins with. */
export const ADJUSTMENT_MARK = '~'
const NUMBER_CHARS = 4

/**
 * The key of an entry's next adjustment. Whoever books it from an older state finds the key taken, so that a difference
 * is booked once; the price alone would not do, since a price may come back.
 */
export function adjustmentKey({ event_key, adjustments }: StandingEntry): string {
  return event_key + ADJUSTMENT_MARK + (adjustments + 1).toString(36).padStart(NUMBER_CHARS, '0')
}

/** Prices an entry at the rates of its moment, and compares with what stands for it. */
export function reprice(entry: StandingEntry, prices: PriceBook): Repriced {
  const priced = priceOf(eventOf(entry), prices)
  // A settlement of the guard has neither tokens nor a price of its own.
  if (priced === null) return { kind: 'same' }
  if (priced.cost_source === 'unpriced') return { kind: 'no_price' }
  const cost_nanousd = priced.cost_nanousd - entry.cost_nanousd
  if (cost_nanousd === 0 && entry.cost_source !== 'unpriced') return { kind: 'same' }
  const leaked = entry.leak === '' ? 0 : leakedShare(entry.leak, entry, priced.cost_nanousd)
  return {
    kind: 'adjust',
    adjustment: {
      entry,
      event_key: adjustmentKey(entry),
      cost_nanousd,
      leak_nanousd: leaked - entry.leak_nanousd,
      price_version: priced.price_version,
      adjusts_source: entry.cost_source,
    },
  }
}

/** The event that an entry was booked for, as far as its price depends on it. */
function eventOf(entry: StandingEntry): CanonicalEvent {
  const { ts_ms, trace_id, span_id, kind, provider, model, tool_name } = entry
  const { tokens_prompt, tokens_completion, tokens_cached, tokens_cache_write, tokens_reasoning } = entry
  return {
    event_type: kind === 'tool' ? 'agent.tool.called' : 'agent.step.completed',
    timestamp: ts_ms,
    trace_id,
    span_id,
    ...(provider !== '' && { provider }),
    ...(model !== '' && { model }),
    ...(tool_name !== '' && { tool_name }),
    tokens_prompt,
    tokens_completion,
    tokens_cached,
    tokens_cache_write,
    tokens_reasoning,
    ...partsOf(entry.usage_parts),
  }
}
