import type { SpendSum } from '../../services/spend/port.ts'

export const SPEND_COUNTS = ['unpriced'] as const
export const SPEND_TOKENS = [
  'tokens_prompt',
  'tokens_completion',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_reasoning',
] as const
const NUMBERS = ['entries', ...SPEND_COUNTS, ...SPEND_TOKENS] as const

export type SpendPart = Omit<SpendSum, 'key'>

/** Adds up rows of several sources under their keys. */
export class SpendSums {
  private readonly groups = new Map<string, SpendSum>()

  constructor(keys: number) {
    // Without groups the answer is one sum, also of nothing.
    if (keys === 0) this.at([])
  }

  add(key: string[], part: SpendPart): void {
    const sum = this.at(key)
    sum.cost_nanousd += part.cost_nanousd
    for (const name of NUMBERS) sum[name] += part[name]
  }

  subtract(key: string[], part: SpendPart): void {
    const sum = this.at(key)
    sum.cost_nanousd -= part.cost_nanousd
    for (const name of NUMBERS) sum[name] -= part[name]
  }

  /** Most expensive first; keys that hold no entry are left out. */
  finish(): SpendSum[] {
    return [...this.groups.values()]
      .filter((sum) => sum.entries !== 0 || sum.key.length === 0)
      .sort((a, b) =>
        a.cost_nanousd < b.cost_nanousd
          ? 1
          : a.cost_nanousd > b.cost_nanousd
            ? -1
            : a.key.join('\0') < b.key.join('\0')
              ? -1
              : 1,
      )
  }

  private at(key: string[]): SpendSum {
    const id = key.join('\0')
    let sum = this.groups.get(id)
    if (sum === undefined) {
      sum = {
        key,
        cost_nanousd: 0n,
        entries: 0,
        unpriced: 0,
        tokens_prompt: 0,
        tokens_completion: 0,
        tokens_cached: 0,
        tokens_cache_write: 0,
        tokens_reasoning: 0,
      }
      this.groups.set(id, sum)
    }
    return sum
  }
}
