/** The alarm of an object, set again only when it must ring earlier: setting it is a write. */
export class Alarm {
  private readonly storage: DurableObjectStorage
  private atMs: number | null = null

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
  rang(): void {
    this.atMs = null
  }

  async clear(): Promise<void> {
    this.atMs = null
    await this.storage.deleteAlarm()
  }
}
