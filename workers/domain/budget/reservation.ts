/**
 * The money of one reservation, in nano-dollars. What was spent on it is the greater of what the caller settled and
 * what its events cost: an agent may report either, or both. What no event has brought into the ledger is booked
 * there as an entry of the guard, and taken back by another when an event comes late.
 */
export interface ReservationMoney {
  /** Held against the budgets, for what is still to come. */
  held: bigint
  /** Told by settle calls. */
  settled: bigint
  /** Brought into the ledger by events that name the reservation. */
  evented: bigint
  /** Sent to the ledger as entries of the guard; may be negative parts of a sum that never is. */
  booked: bigint
  /** Of these, what the ledger is known to have. */
  confirmed: bigint
}

export const nothing = (held: bigint): ReservationMoney => ({
  held,
  settled: 0n,
  evented: 0n,
  booked: 0n,
  confirmed: 0n,
})

/** Spent, and not in the ledger so far: counts against the budgets at once. Negative while a correction is on its way. */
export function unledgered({ settled, evented, confirmed }: ReservationMoney): bigint {
  return max(settled, evented) - evented - confirmed
}

/** What must still be sent to the ledger, so that it says what was spent. */
export function toBook({ settled, evented, booked }: ReservationMoney): bigint {
  return max(settled, evented) - evented - booked
}

/** Takes a cost off what is held; `isFinal` lets go of the rest. */
export function release(held: bigint, cost: bigint, isFinal: boolean): bigint {
  return isFinal || cost >= held ? 0n : held - cost
}

const max = (a: bigint, b: bigint) => (a > b ? a : b)
