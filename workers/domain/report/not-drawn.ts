/** A drawing that did not succeed: what to tell people, and whether to try again. */
export class NotDrawn extends Error {
  readonly again: boolean
  constructor(detail: string, again: boolean, cause?: unknown) {
    super(detail, { cause })
    this.again = again
  }
}
