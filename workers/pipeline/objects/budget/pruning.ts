const EVERY_MS = 3_600_000

interface Prunable {
  /** Whether more is left to remove. */
  prune(nowMs: number): boolean
}

/** Forgets what is too old in tables; not at each alarm, since it looks at every row. */
export class Pruning {
  private readonly tables: readonly Prunable[]
  private nextMs = 0

  constructor(tables: readonly Prunable[]) {
    this.tables = tables
  }

  /** Whether more is left to remove. */
  turn(nowMs: number): boolean {
    if (nowMs < this.nextMs) return false
    const isMore = this.tables.map((table) => table.prune(nowMs)).includes(true)
    if (!isMore) this.nextMs = nowMs + EVERY_MS
    return isMore
  }
}
