/** A seeded source of chance: the same key gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** Whether an event of this probability happens. */
  chance(probability: number): boolean
  /** Uniform whole number in [low, high]. */
  integer(low: number, high: number): number
  pick<T>(items: readonly T[]): T
  /** An item with a probability in proportion to its weight. */
  weighted<T extends { weight: number }>(items: readonly T[]): T
  /** Log-normal around a median: durations and token counts have long tails. */
  around(median: number, spread?: number): number
  /** Lower-case hexadecimal digits. */
  hex(digits: number): string
}

/** sfc32 (Chris Doty-Humphrey, PractRand), seeded by a hash of the key's parts. */
export function randomOf(...key: (string | number)[]): Random {
  let [a, b, c, d] = hash128(key.join('\u0000'))
  const uint32 = () => {
    const t = (((a + b) | 0) + d) | 0
    d = (d + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (c << 21) | (c >>> 11)
    c = (c + t) | 0
    return t >>> 0
  }
  for (let i = 0; i < 12; i++) uint32()
  const next = () => uint32() / 4_294_967_296
  const gauss = () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())
  return {
    next,
    chance: (probability) => next() < probability,
    integer: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => chosen(items, Math.floor(next() * items.length)),
    weighted(items) {
      let left = next() * items.reduce((sum, item) => sum + item.weight, 0)
      for (const item of items) if ((left -= item.weight) < 0) return item
      return chosen(items, items.length - 1)
    },
    around: (median, spread = 0.35) => median * Math.exp(spread * gauss()),
    hex(digits) {
      let text = ''
      while (text.length < digits) text += uint32().toString(16).padStart(8, '0')
      return text.slice(0, digits)
    },
  }
}

function chosen<T>(items: readonly T[], index: number): T {
  const item = items[index]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

/** Four words of FNV-1a over the text, each from another start. */
function hash128(text: string): [number, number, number, number] {
  const words: [number, number, number, number] = [0x811c9dc5, 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    for (let w = 0; w < 4; w++) words[w] = Math.imul((words[w] ?? 0) ^ (code + w * 977), 16777619)
  }
  return words
}
