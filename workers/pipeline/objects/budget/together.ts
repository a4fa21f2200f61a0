/** How long calls wait for company once there is some. */
const COMPANY_MS = 2

/**
 * Lets calls that came at once go on in one event of the object, one after another and without anything between them:
 * what they write is then made durable at once, instead of each waiting for those before it. Who comes alone waits for
 * nobody: company is another call within the same millisecond, or in the last gathering.
 */
export class Together {
  private going: Promise<number> | null = null
  private count = 0
  private isBusy = false
  private lastMs = -Infinity

  /** Until the calls that have come already are here too; the time then. Nothing may have been read before. */
  here(): number | Promise<number> {
    const now = Date.now()
    const isCompany = this.isBusy || now - this.lastMs < 1
    this.lastMs = now
    if (this.going === null && !isCompany) return now
    this.count++
    this.going ??= scheduler.wait(COMPANY_MS).then(() => {
      this.isBusy = this.count > 1
      this.count = 0
      this.going = null
      return Date.now()
    })
    return this.going
  }
}
