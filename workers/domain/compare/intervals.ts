/** Of a normal distribution, two sides: 95 % lie within. */
const Z = 1.959963984540054

/** Ends of a 95 % interval. */
export type Interval = readonly [low: number, high: number]

/** Score interval of a share (E. B. Wilson, "Probable inference, the law of succession, and statistical inference", 1927). */
export function wilson(good: number, n: number): Interval {
  const share = good / n
  const denominator = 1 + (Z * Z) / n
  const middle = (share + (Z * Z) / (2 * n)) / denominator
  const spread = (Z / denominator) * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n))
  return [Math.max(0, middle - spread), Math.min(1, middle + spread)]
}

/** An estimate with the ends of its 95 % interval. */
export interface Estimate {
  value: number
  interval: Interval
}

/**
 * The difference b − a of two independent estimates, from the interval of each. With Wilson's intervals it is the
 * hybrid score interval for two shares (R. G. Newcombe, "Interval estimation for the difference between independent
 * proportions", 1998, method 10); for other estimates, G. Y. Zou and A. Donner, "Construction of confidence limits
 * about effect measures", 2008.
 */
export function differenceOf(a: Estimate, b: Estimate): Interval {
  const difference = b.value - a.value
  const below = Math.hypot(b.value - b.interval[0], a.interval[1] - a.value)
  const above = Math.hypot(b.interval[1] - b.value, a.value - a.interval[0])
  return [difference - below, difference + above]
}

/** Mean and unbiased variance. */
export interface Moments {
  n: number
  mean: number
  variance: number
}

export function momentsOf(values: readonly number[]): Moments {
  const n = values.length
  const mean = n === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / n
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { n, mean, variance: n < 2 ? 0 : squares / (n - 1) }
}

/**
 * The difference b − a of two means whose variances differ (B. L. Welch, "The generalization of 'Student's' problem when
 * several different population variances are involved", 1947). Null below five values of either.
 */
export function welch(a: Moments, b: Moments): Interval | null {
  if (Math.min(a.n, b.n) < VALUES_MIN) return null
  const [va, vb] = [a.variance / a.n, b.variance / b.n]
  const error = Math.sqrt(va + vb)
  if (error === 0) return [b.mean - a.mean, b.mean - a.mean]
  const freedom = (va + vb) ** 2 / (va ** 2 / (a.n - 1) + vb ** 2 / (b.n - 1))
  const spread = studentT(freedom) * error
  return [b.mean - a.mean - spread, b.mean - a.mean + spread]
}

const VALUES_MIN = 5

/** The 97.5 % quantile of Student's t (Abramowitz and Stegun, 26.7.5): within 0.001 from four degrees of freedom on. */
function studentT(freedom: number): number {
  const powers = [3, 5, 7, 9].map((power) => Z ** power) as [number, number, number, number]
  const [z3, z5, z7, z9] = powers
  return (
    Z +
    (z3 + Z) / (4 * freedom) +
    (5 * z5 + 16 * z3 + 3 * Z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * Z) / (384 * freedom ** 3) +
    (79 * z9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * Z) / (92160 * freedom ** 4)
  )
}

/**
 * A quantile of values in ascending order, with the interval between two of them that holds it whatever the
 * distribution is (W. J. Conover, "Practical Nonparametric Statistics", 3rd edition, section 3.2: ranks by the normal
 * approximation of the binomial). Null when there are too few values to have those ranks.
 */
export function quantileOf(sorted: readonly number[], q: number): Estimate | null {
  const n = sorted.length
  const spread = Z * Math.sqrt(n * q * (1 - q))
  const low = sorted[Math.ceil(n * q - spread) - 1]
  const high = sorted[Math.ceil(n * q + spread) - 1]
  const value = sorted[Math.floor(q * (n - 1))]
  return low === undefined || high === undefined || value === undefined ? null : { value, interval: [low, high] }
}
