interface Handle {
  ref?(): void
  unref?(): void
}

interface Sleeper {
  isBackoff: boolean
  timer: Handle
  /** `early`: before its time. */
  wake: (early: boolean) => void
}

/** Waiting that does not keep a process alive, unless somebody holds on for a flush. */
export class Timers {
  readonly #sleeping = new Set<Sleeper>()
  #holds = 0

  /** True when it was ended early. */
  sleep(ms: number): Promise<boolean> {
    return this.#sleep(ms, false)
  }

  /** The same after a failure, which `wakeBackoffs` ends too. */
  backOff(ms: number): Promise<boolean> {
    return this.#sleep(ms, true)
  }

  #sleep(ms: number, isBackoff: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const wake = (early: boolean) => {
        clearTimeout(timer as unknown as number)
        this.#sleeping.delete(sleeper)
        resolve(early)
      }
      const timer = setTimeout(() => wake(false), ms) as unknown as Handle
      const sleeper = { timer, isBackoff, wake }
      if (this.#holds === 0) timer.unref?.()
      this.#sleeping.add(sleeper)
    })
  }

  /** Until the promise settles, what waits keeps the process alive. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#holds++
    for (const { timer } of this.#sleeping) timer.ref?.()
    try {
      return await work
    } finally {
      this.#holds--
      if (this.#holds === 0) for (const { timer } of this.#sleeping) timer.unref?.()
    }
  }

  wakeAll(): void {
    for (const { wake } of [...this.#sleeping]) wake(true)
  }

  wakeBackoffs(): void {
    for (const { wake, isBackoff } of [...this.#sleeping]) if (isBackoff) wake(true)
  }
}
