interface Handle {
  ref?(): void
  unref?(): void
}

interface Sleeper {
  timer: Handle
  wake: () => void
}

/** Waiting that does not keep a process alive, unless somebody holds on for a flush. */
export class Timers {
  readonly #sleeping = new Set<Sleeper>()
  #holds = 0

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer as unknown as number)
        this.#sleeping.delete(sleeper)
        resolve()
      }
      const timer = setTimeout(wake, ms) as unknown as Handle
      const sleeper = { timer, wake }
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
    for (const { wake } of [...this.#sleeping]) wake()
  }
}
