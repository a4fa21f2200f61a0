/** Someone who waits for a flush that takes their items along. */
interface Rider<T> {
  items: T[]
  /** 'lead': the flush before is done, and this one's turn is the rider's to run. */
  turn: PromiseWithResolvers<'done' | 'lead'>
}

interface Lane<T> {
  riders: Rider<T>[]
  /** When the flush under way began; null when there is none. */
  since: number | null
}

export interface LaneLimits<T> {
  items: number
  bytes: number
  bytesOf(item: T): number
}

/** A flush this old has lost its request; another may begin. */
export const STUCK_MS = 5_000

/**
 * Group commit: one flush is under way per lane and isolate, and what arrives meanwhile rides the next, so that a
 * flush costs the same for one request as for many. Each flush runs in a request that rides it, for a request can
 * do no work once it was answered.
 */
export class Lanes<T> {
  private readonly lanes = new Map<string, Lane<T>>()
  private readonly limits: LaneLimits<T>

  constructor(limits: LaneLimits<T>) {
    this.limits = limits
  }

  /** Resolves when the items were flushed. @throws what the flush threw. */
  async ride(name: string, items: T[], flush: (items: T[]) => Promise<void>): Promise<void> {
    let lane = this.lanes.get(name)
    if (lane === undefined) this.lanes.set(name, (lane = { riders: [], since: null }))
    const rider: Rider<T> = { items, turn: Promise.withResolvers() }
    lane.riders.push(rider)
    if (lane.since === null) return this.lead(name, lane, flush)
    const turn = await orStuck(rider.turn.promise)
    if (turn === 'done') return
    if (turn === 'lead') return this.lead(name, lane, flush)
    // Whoever leads is gone. These items go by themselves; sent twice they would be the same batches.
    lane.riders = lane.riders.filter((other) => other !== rider)
    if (lane.since !== null && Date.now() - lane.since >= STUCK_MS) this.handOver(name, lane)
    await flush(items)
  }

  private async lead(name: string, lane: Lane<T>, flush: (items: T[]) => Promise<void>): Promise<void> {
    lane.since = Date.now()
    // The first is the leader's own.
    const [own, ...others] = this.board(lane)
    try {
      await flush([...(own?.items ?? []), ...others.flatMap((rider) => rider.items)])
      for (const rider of others) rider.turn.resolve('done')
    } catch (error) {
      for (const rider of others) rider.turn.reject(error)
      throw error
    } finally {
      this.handOver(name, lane)
    }
  }

  /** Those who fit, at least one. */
  private board(lane: Lane<T>): Rider<T>[] {
    let items = 0
    let bytes = 0
    let n = 0
    for (const rider of lane.riders) {
      items += rider.items.length
      bytes += rider.items.reduce((sum, item) => sum + this.limits.bytesOf(item), 0)
      if (n > 0 && (items > this.limits.items || bytes > this.limits.bytes)) break
      n++
    }
    return lane.riders.splice(0, n)
  }

  private handOver(name: string, lane: Lane<T>): void {
    const next = lane.riders[0]
    if (next === undefined) {
      lane.since = null
      this.lanes.delete(name)
    } else {
      lane.since = Date.now()
      next.turn.resolve('lead')
    }
  }
}

async function orStuck<T>(turn: Promise<T>): Promise<T | 'stuck'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stuck = new Promise<'stuck'>((resolve) => {
    timer = setTimeout(() => resolve('stuck'), STUCK_MS)
  })
  try {
    return await Promise.race([turn, stuck])
  } finally {
    clearTimeout(timer)
  }
}
