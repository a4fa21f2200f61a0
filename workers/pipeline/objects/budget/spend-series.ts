import { offsetSpans } from '../../../domain/time-zone.ts'
import type { StoredBudget } from './budget-rows.ts'
import type { Counters } from './counters.ts'

export type Scope = Pick<StoredBudget, 'scope' | 'scope_id'>

/** What a scope has spent over [from, to), in nano-dollars. */
export interface Range {
  from_ms: number
  to_ms: number
}

/**
 * Sums by local hours or days of a zone, counted since 1970-01-01; those without spend are left out. Where clocks go
 * back, an hour may come twice.
 */
export function localSums(
  counters: Counters,
  { scope, scope_id }: Scope,
  zone: string,
  { from_ms, to_ms }: Range,
  unitMs: number,
): { at: number; cost: bigint }[] {
  if (to_ms <= from_ms) return []
  const offsets = offsetSpans(zone, from_ms, to_ms)
  return offsets.flatMap(({ from_ms: from, offset_ms }, i) => {
    const to = offsets[i + 1]?.from_ms ?? to_ms
    return counters.sums(scope, scope_id, { from_ms: from, to_ms: to }, { zero_ms: -offset_ms, unit_ms: unitMs })
  })
}
