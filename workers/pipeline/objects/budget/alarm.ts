/** Under load something is due every millisecond: what rang waits so long before it rings for more of it. */
const BEAT_MS = 1_000

/** The alarm of an object, set again only when it must ring earlier: setting it is a write. */
export class Alarm {
  private readonly storage: DurableObjectStorage
  private atMs: number | null = null
  private rangMs = -Infinity

  constructor(storage: DurableObjectStorage) {
    this.storage = storage
  }

  /** Rings at this time, or before. */
  async ringBy(atMs: number): Promise<void> {
    if (this.atMs === null) {
      const set = await this.storage.getAlarm()
      // Another call may have set it meanwhile.
      this.atMs ??= set
    }
    if (this.atMs !== null && this.atMs <= atMs) return
    this.atMs = atMs
    await this.storage.setAlarm(atMs)
  }

  /** It rings now. */
  rang(nowMs: number): void {
    this.atMs = null
    this.rangMs = nowMs
  }

  /** That time, or a beat after it last rang where that is later: for what gains nothing by haste. */
  unhurried(atMs: number): number {
    return Math.max(atMs, this.rangMs + BEAT_MS)
  }

  async clear(): Promise<void> {
    this.atMs = null
    await this.storage.deleteAlarm()
  }
}
