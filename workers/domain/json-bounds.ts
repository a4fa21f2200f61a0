/**
 * Whether a JSON value, written out, stays within about this many characters and this depth. Walks no further than
 * either allows, so that what a client nests or repeats costs no more than what is taken.
 */
export function jsonFits(value: unknown, charsMax: number, depthMax: number): boolean {
  return charsLeft(value, charsMax, depthMax) >= 0
}

const PRIMITIVE_CHARS = 5

function charsLeft(value: unknown, left: number, depth: number): number {
  if (typeof value === 'string') return left - value.length - 2
  if (typeof value !== 'object' || value === null) return left - PRIMITIVE_CHARS
  if (depth === 0) return -1
  let rest = left - 2
  if (Array.isArray(value)) {
    for (const item of value) {
      rest = charsLeft(item, rest - 1, depth - 1)
      if (rest < 0) return rest
    }
    return rest
  }
  for (const name in value) {
    rest = charsLeft((value as Record<string, unknown>)[name], rest - name.length - 4, depth - 1)
    if (rest < 0) return rest
  }
  return rest
}
