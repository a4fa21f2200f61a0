import type { Budget } from '../../contract/budget.ts'
import { periodAt, type Span } from '../budget/period.ts'
import { nanoFromUsd } from '../money.ts'
import type { OffsetSpan } from '../time-zone.ts'
import { hourOfWeek, offsetIn, type Profile } from './profile.ts'

const HOUR_MS = 3_600_000

export type Planned = Pick<Budget, 'period' | 'limit_usd' | 'planned_usd' | 'time_zone'>

/** A stretch of one plan: the amount of its period, which may reach beyond it, and the weight of that period's hours. */
interface Stretch extends Span {
  nano: bigint
  weight: number
}

/**
 * What a budget plans to spend over any time: the amount planned for the month, or else the limit of its period, spread
 * over the hours of that as spend usually is, or evenly. An extension is no plan.
 */
export class Plan {
  private readonly budget: Planned
  private readonly profile: Profile
  private readonly offsets: readonly OffsetSpan[]
  private readonly stretches: Stretch[] = []

  /** @param offsets of the budget's zone, over what will be asked and the months that this reaches into. */
  constructor(budget: Planned, profile: Profile, offsets: readonly OffsetSpan[]) {
    this.budget = budget
    this.profile = profile
    this.offsets = offsets
  }

  /** Nano-dollars planned for [from, to), less than one too few for each period in it. */
  over(fromMs: number, toMs: number): bigint {
    let sum = 0n
    for (let at = fromMs; at < toMs;) {
      const stretch = this.stretchAt(at)
      const end = Math.min(toMs, stretch.to_ms)
      sum += (stretch.nano * BigInt(this.weight(at, end))) / BigInt(stretch.weight)
      at = end
    }
    return sum
  }

  private stretchAt(atMs: number): Stretch {
    const known = this.stretches.find(({ from_ms, to_ms }) => atMs >= from_ms && atMs < to_ms)
    if (known !== undefined) return known
    const { period, time_zone, planned_usd, limit_usd } = this.budget
    const month = periodAt('month', time_zone, atMs)
    const planned = planned_usd[monthName(month, this.offsets)]
    const span = planned === undefined ? periodAt(period, time_zone, atMs) : month
    const made = {
      nano: BigInt(nanoFromUsd(planned ?? limit_usd) ?? 0),
      weight: this.weight(span.from_ms, span.to_ms),
      // A week may reach into a month that has a plan of its own, which then counts.
      from_ms: Math.max(span.from_ms, month.from_ms),
      to_ms: Math.min(span.to_ms, month.to_ms),
    }
    this.stretches.push(made)
    return made
  }

  /** Milliseconds of [from, to), each counted as much as spend usually is in its hour. */
  private weight(fromMs: number, toMs: number): number {
    if (this.profile === null) return toMs - fromMs
    let sum = 0
    for (let at = fromMs; at < toMs;) {
      const end = Math.min(toMs, Math.floor(at / HOUR_MS) * HOUR_MS + HOUR_MS)
      sum += (end - at) * (this.profile[hourOfWeek(at, this.offsets)] ?? 1)
      at = end
    }
    return Math.round(sum)
  }
}

function monthName({ from_ms }: Span, offsets: readonly OffsetSpan[]): string {
  return new Date(from_ms + offsetIn(offsets, from_ms)).toISOString().slice(0, 7)
}
