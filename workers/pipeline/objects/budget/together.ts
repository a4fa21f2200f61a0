/** How long calls wait for company while there is any; who comes alone waits for nobody. */
const COMPANY_MS = 2

/**
 * Lets calls that came at once go on in one event of the object, one after another and without anything between them:
 * what they write is then made durable at once, instead of each waiting for those before it.
 */
export class Together {
  private going: Promise<number> | null = null
  private count = 0
  private isBusy = false

  /** Until the calls that have come already are here too; the time then. Nothing may have been read before. */
  here(): Promise<number> {
    this.count++
    this.going ??= scheduler.wait(this.isBusy ? COMPANY_MS : 0).then(() => {
      this.isBusy = this.count > 1
      this.count = 0
      this.going = null
      return Date.now()
    })
    return this.going
  }
}
