/** Quantiles of the standard normal distribution: half of each interval's width, in standard deviations. */
export const Z80 = 1.2815515655446004
export const Z95 = 1.959963984540054

/**
 * P(Z ≤ z) of the standard normal distribution, within 1.5e-7 (Abramowitz and Stegun, Handbook of Mathematical
 * Functions, 7.1.26).
 */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + 0.3275911 * x)
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  const erf = 1 - poly * Math.exp(-x * x)
  return z >= 0 ? (1 + erf) / 2 : (1 - erf) / 2
}

/** An amount that is never negative, by the mean and the variance of its estimate. */
export interface Amount {
  mean: number
  variance: number
}

/** Below this, in nano-dollars, nothing is expected. */
const MEAN_MIN = 0.5
/**
 * Largest variance of the logarithm. Where the deviation is a multiple of the mean, a log-normal with both would say
 * that nearly always nearly nothing is spent.
 */
const LOG_VARIANCE_MAX = 2.25

/**
 * The amount below which a share of outcomes lies, `z` being the normal quantile of that share. Log-normal with the
 * same mean and variance: spend cannot be negative, and errs upwards further than downwards.
 */
export function quantileOf(amount: Amount, z: number): number {
  if (amount.mean < MEAN_MIN) return 0
  const { m, s } = logMoments(amount)
  if (s === 0) return amount.mean
  return Math.exp(m + s * z)
}

/** P(amount > x). */
export function chanceAbove(amount: Amount, x: number): number {
  if (x < 0) return 1
  if (amount.mean < MEAN_MIN) return 0
  if (x === 0) return 1
  const { m, s } = logMoments(amount)
  if (s === 0) return amount.mean > x ? 1 : 0
  return 1 - normalCdf((Math.log(x) - m) / s)
}

function logMoments({ mean, variance }: Amount): { m: number; s: number } {
  const squared = Math.min(LOG_VARIANCE_MAX, Math.log1p(variance / (mean * mean)))
  return { m: Math.log(mean) - squared / 2, s: Math.sqrt(squared) }
}
