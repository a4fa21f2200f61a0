/** Of a normal distribution, one side: passed by chance once in forty times. */
const Z = 1.96

/**
 * Whether a share of `count` operations is above (or below) a limit beyond what chance does: the near end of its score
 * interval (E. B. Wilson, 1927) is. Of 2 operations, 1 that failed says little of the rate; of 200, 100 say all.
 */
export function surely(direction: 'above' | 'below', share: number, count: number, limit: number): boolean {
  const middle = (share + (Z * Z) / (2 * count)) / (1 + (Z * Z) / count)
  const spread = (Z / (1 + (Z * Z) / count)) * Math.sqrt((share * (1 - share)) / count + (Z * Z) / (4 * count * count))
  return direction === 'above' ? middle - spread > limit : middle + spread < limit
}
