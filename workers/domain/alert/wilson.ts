import { wilson } from '../compare/intervals.ts'

/**
 * Whether a share of `count` operations is above (or below) a limit beyond what chance does: the near end of its 95 %
 * score interval is. Of 2 operations, 1 that failed says little of the rate; of 200, 100 say all.
 */
export function surely(direction: 'above' | 'below', share: number, count: number, limit: number): boolean {
  const [low, high] = wilson(share * count, count)
  return direction === 'above' ? low > limit : high < limit
}
