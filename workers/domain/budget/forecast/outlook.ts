import type { SpendFit } from './fit.ts'
import { chanceAbove, quantileOf, Z80, Z95, type Amount } from './normal.ts'

/** Where a period stands. Amounts are nano-dollars. */
export interface Standing {
  /** What the period has spent: exact, and no part of the estimate. */
  spent: bigint
  /** Of that, about what today has spent. */
  today: number
  /** Share of the local day that is over, from 0 to 1. */
  dayShare: number
  /** Days of the period after today. */
  daysLeft: number
}

/** A moment to come: the end of a day, counted from today, or a share of it. */
export interface Until {
  days: number
  dayShare?: number
}

/** Whole nano-dollars. */
export interface Band {
  expected: bigint
  low80: bigint
  high80: bigint
  low95: bigint
  high95: bigint
}

export const periodEnd = ({ daysLeft }: Standing): Until => ({ days: daysLeft })

/** What the period will have spent by then, if spending goes on as it did. */
export function outlookAt(fit: SpendFit, standing: Standing, until: Until): Band {
  const rest = restOf(fit, standing, until)
  const at = (more: number) => standing.spent + BigInt(Math.round(more))
  return {
    expected: at(rest.mean),
    low80: at(quantileOf(rest, -Z80)),
    high80: at(quantileOf(rest, Z80)),
    low95: at(quantileOf(rest, -Z95)),
    high95: at(quantileOf(rest, Z95)),
  }
}

/** P(spent at the end of the period > limit): certain where it is so already. */
export function overrunChance(fit: SpendFit, standing: Standing, limit: bigint): number {
  return chanceAbove(restOf(fit, standing, periodEnd(standing)), Number(limit - standing.spent))
}

/** In how many days, from today on, the expected spend reaches the limit; null when not in this period, or before. */
export function daysToLimit(fit: SpendFit, standing: Standing, limit: bigint): number | null {
  if (standing.spent >= limit) return null
  const left = Number(limit - standing.spent)
  for (let days = 0; days <= standing.daysLeft; days++) if (restOf(fit, standing, { days }).mean >= left) return days
  return null
}

/** What is still to come by a moment: the rest of today, and whole days after it. */
function restOf(fit: SpendFit, standing: Standing, { days, dayShare = 1 }: Until): Amount {
  const rest = restOfToday(fit, standing, dayShare)
  const later = fit.mean.slice(1, days + 1).reduce((sum, cost) => sum + cost, 0)
  return { mean: rest.mean + later, variance: rest.variance + (fit.sumVariance[days] ?? 0) }
}

/**
 * The rest of today until a share of it, from what the model expects of the whole day and what today has spent so far.
 * With F the part of a day's spend that usually lies before now, today's level is m by the model (variance τ², what
 * varies from day to day), and spent/F by today itself (variance v/F, what varies within a day): weighted by precision,
 * as two normal estimates of one quantity, that is (m·v + spent·τ²) / (v + τ²·F). The rest is its part of that level,
 * and varies by v·part of its own.
 */
function restOfToday(fit: SpendFit, { today, dayShare }: Standing, until: number): Amount {
  const { mean, dayVariance, profile, withinDay } = fit
  const done = partBefore(profile, dayShare)
  const part = Math.max(0, partBefore(profile, until) - done)
  // Of the day's variance, what is within it and what is not; neither is next to nothing, since no estimate is sure.
  const within = Math.max(withinDay, dayVariance * SURE_MAX)
  const between = Math.max(dayVariance - withinDay, dayVariance * SURE_MAX)
  const weights = within + between * done
  if (weights === 0) return { mean: part * (mean[0] ?? 0), variance: 0 }
  const level = ((mean[0] ?? 0) * within + Math.max(0, today) * between) / weights
  return { mean: part * level, variance: (part * part * within * between) / weights + part * within }
}

const SURE_MAX = 0.05

/** Part of a day's spend that usually lies before a share of the day. */
function partBefore(profile: readonly number[], dayShare: number): number {
  const hours = Math.min(1, Math.max(0, dayShare)) * profile.length
  const whole = Math.floor(hours)
  const before = profile.slice(0, whole).reduce((sum, share) => sum + share, 0)
  return Math.min(1, before + (hours - whole) * (profile[whole] ?? 0))
}
