import type { Loaded, LoadProblem } from './loaded.ts'
import { turn } from './turns.ts'

/**
 * The newest answer of something that is asked again and again. The last good value stays while the
 * next one loads or fails, so that a view never flickers; an answer that was overtaken is dropped.
 */
export class Latest<T> {
  value = $state.raw<T | null>(null)
  problem = $state.raw<LoadProblem | null>(null)
  loading = $state(true)
  #asked = 0

  constructor(first: Loaded<T> | Promise<Loaded<T>>) {
    if (!(first instanceof Promise)) this.#keep(first)
  }

  /** Follows the next answer. With `fresh` the old value answers another question and goes at once. */
  async follow(next: Loaded<T> | Promise<Loaded<T>>, fresh = false): Promise<void> {
    const asked = ++this.#asked
    if (fresh) this.value = null
    if (!(next instanceof Promise)) return this.#keep(next)
    this.loading = true
    const answer = await next
    await turn()
    if (asked === this.#asked) this.#keep(answer)
  }

  #keep(answer: Loaded<T>): void {
    this.loading = false
    if (answer.ok) this.value = answer.value
    this.problem = answer.ok ? null : answer.problem
  }
}
